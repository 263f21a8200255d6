#include "image_path.hpp"

#include <cstring>
#include <cwchar>

#include "../system/handle.hpp"
#include "../system/own_token.hpp"
#include "../system/system_function.hpp"

namespace lsp::provider {

namespace {

constinit system::SystemFunction<DWORD WINAPI(HANDLE, LPWSTR, DWORD, DWORD)> get_final_path_name{
    system::SystemLibrary::kernel32, "GetFinalPathNameByHandleW"};

constexpr DWORD normalized_dos_name = 0;  // FILE_NAME_NORMALIZED | VOLUME_NAME_DOS
constexpr wchar_t device_prefix[] = L"\\\\?\\";
constexpr wchar_t network_prefix[] = L"\\\\?\\UNC\\";
constexpr DWORD device_prefix_length = 4, network_prefix_length = 8;

// What a call that gives a length has put into `to`; 0 if that is not all of it.
DWORD whole(DWORD length) noexcept { return length < image_path_capacity ? length : 0; }

// The path that the file's handle has, into `to`: 0 where the system has no such function or the file cannot be opened.
DWORD final_path(const wchar_t* path, wchar_t* to) noexcept {
    const auto function = get_final_path_name.get();
    if (function == nullptr) return 0;
    const system::Handle file(CreateFileW(path, FILE_READ_ATTRIBUTES,
                                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                          OPEN_EXISTING, 0, nullptr));
    return file ? whole(function(file.get(), to, image_path_capacity, normalized_dos_name)) : 0;
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
    const system::OwnToken own;
    DWORD length = whole(GetModuleFileNameW(nullptr, path, image_path_capacity));
    if (length == 0) return 0;
    if (const DWORD found = final_path(path, spare)) {
        length = found;
        std::memcpy(path, spare, (length + 1) * sizeof(wchar_t));
    }
    // Looks each folder up, which only short names are worth: all that Windows makes have a tilde.
    if (std::wcschr(path, L'~') != nullptr) {
        if (const DWORD found = whole(GetLongPathNameW(path, spare, image_path_capacity))) {
            length = found;
            std::memcpy(path, spare, (length + 1) * sizeof(wchar_t));
        }
    }
    return without_prefix(path, length);
}

}  // namespace lsp::provider
