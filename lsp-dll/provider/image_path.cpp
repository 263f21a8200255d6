#include "image_path.hpp"

// Below windows.h
#include <winternl.h>

#include <cstring>
#include <cwchar>

#include "../system/handle.hpp"
#include "../system/own_token.hpp"
#include "../system/system_function.hpp"

namespace lsp::provider {

namespace {

constinit system::SystemFunction<DWORD WINAPI(HANDLE, LPWSTR, DWORD, DWORD)> get_final_path_name{
    system::SystemLibrary::kernel32, "GetFinalPathNameByHandleW"};

constinit system::SystemFunction<NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*, IO_STATUS_BLOCK*, ULONG,
                                                ULONG)>
    nt_open_file{system::SystemLibrary::ntdll, "NtOpenFile"};

constexpr DWORD normalized_dos_name = 0;  // FILE_NAME_NORMALIZED | VOLUME_NAME_DOS
constexpr wchar_t device_prefix[] = L"\\\\?\\";
constexpr wchar_t network_prefix[] = L"\\\\?\\UNC\\";
constexpr DWORD device_prefix_length = 4, network_prefix_length = 8;

// What a call that gives a length has put into `to`; 0 if that is not all of it.
DWORD whole_path(DWORD length) noexcept { return length < image_path_capacity ? length : 0; }

// The name that the system itself has for a path as GetModuleFileName gives it, into `to`: \??\C:\…, \??\UNC\server\….
// Its length; 0 if there is no room.
DWORD native_name(const wchar_t* path, DWORD length, wchar_t* to) noexcept {
    const wchar_t* prefix = L"\\??\\";
    DWORD skipped = 0;
    if (length >= device_prefix_length && std::wcsncmp(path, device_prefix, device_prefix_length) == 0) {
        skipped = device_prefix_length;
    } else if (length > 2 && path[0] == L'\\' && path[1] == L'\\') {
        prefix = L"\\??\\UNC\\";
        skipped = 2;
    }
    const DWORD prefix_length = static_cast<DWORD>(std::wcslen(prefix));
    // A UNICODE_STRING's length is 16 bits of bytes.
    if (prefix_length + length - skipped >= image_path_capacity - 1) return 0;
    std::memcpy(to, prefix, prefix_length * sizeof(wchar_t));
    std::memcpy(to + prefix_length, path + skipped, (length - skipped) * sizeof(wchar_t));
    return prefix_length + length - skipped;
}

// NtOpenFile, because CreateFile could also make files, which nothing in this DLL can. `spare` is overwritten.
system::Handle open_image(const wchar_t* path, DWORD path_characters, wchar_t* spare) noexcept {
    const auto function = nt_open_file.get();
    const DWORD length = native_name(path, path_characters, spare);
    if (function == nullptr || length == 0) return system::Handle();
    UNICODE_STRING name{};
    name.Buffer = spare;
    name.Length = name.MaximumLength = static_cast<USHORT>(length * sizeof(wchar_t));
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    attributes.ObjectName = &name;
    attributes.Attributes = OBJ_CASE_INSENSITIVE;
    IO_STATUS_BLOCK status{};
    HANDLE file = nullptr;
    const NTSTATUS error =
        function(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &status,
                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_SYNCHRONOUS_IO_NONALERT);
    return error >= 0 ? system::Handle(file) : system::Handle();
}

// The path that the file's handle has, into `to`: 0 where the system has no such function or the file cannot be opened.
DWORD final_path(const wchar_t* path, DWORD length, wchar_t* to) noexcept {
    const auto function = get_final_path_name.get();
    if (function == nullptr) return 0;
    const system::Handle file = open_image(path, length, to);
    return file ? whole_path(function(file.get(), to, image_path_capacity, normalized_dos_name)) : 0;
}

DWORD without_prefix(wchar_t* path, DWORD length) noexcept {
    DWORD skipped = 0;
    if (length > network_prefix_length && _wcsnicmp(path, network_prefix, network_prefix_length) == 0) {
        skipped = network_prefix_length - 2;
    } else if (length > device_prefix_length && std::wcsncmp(path, device_prefix, device_prefix_length) == 0) {
        skipped = device_prefix_length;
    }
    std::memmove(path, path + skipped, (length - skipped + 1) * sizeof(wchar_t));
    if (skipped == network_prefix_length - 2) path[0] = L'\\';
    return length - skipped;
}

}  // namespace

DWORD find_image_path(wchar_t* path, wchar_t* spare) noexcept {
    const DWORD length = whole_path(GetModuleFileNameW(nullptr, path, image_path_capacity));
    return length == 0 ? 0 : make_path_final(path, length, spare);
}

DWORD make_path_final(wchar_t* path, DWORD length, wchar_t* spare) noexcept {
    const system::OwnToken own;
    if (const DWORD found = final_path(path, length, spare)) {
        length = found;
        std::memcpy(path, spare, (length + 1) * sizeof(wchar_t));
    }
    // Looks each folder up, which only short names are worth: all that Windows makes have a tilde.
    if (std::wcschr(path, L'~') != nullptr) {
        if (const DWORD found = whole_path(GetLongPathNameW(path, spare, image_path_capacity))) {
            length = found;
            std::memcpy(path, spare, (length + 1) * sizeof(wchar_t));
        }
    }
    return without_prefix(path, length);
}

}  // namespace lsp::provider
