#include "registry_tree.hpp"

// Below windows.h
#include <winternl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../system/handle.hpp"
#include "../system/registry.hpp"
#include "../system/system_function.hpp"

namespace lsp::setup {

using namespace system;

namespace {

// Of the Windows Driver Kit's wdm.h; all of it is in NT since 3.1.
constexpr ULONG open_link_attribute = 0x100;  // OBJ_OPENLINK
constexpr int key_basic_information = 0;
constexpr int key_full_information = 2;
constexpr NTSTATUS no_more_entries = static_cast<NTSTATUS>(0x8000001A);

constexpr std::size_t longest_key_name = 256;  // characters
constexpr unsigned most_keys = 1U << 20U;      // of one tree: a minute's work

struct KeyBasicInformation {
    LARGE_INTEGER written;
    ULONG title;
    ULONG name_bytes;
    wchar_t name[longest_key_name];
};

struct KeyFullInformation {
    LARGE_INTEGER written;
    ULONG title, class_offset, class_bytes, subkeys;
    ULONG longest_name, longest_class, values, longest_value_name, longest_value;
    wchar_t class_name[longest_key_name];
};

constinit SystemFunction<NTSTATUS NTAPI(HANDLE*, ACCESS_MASK, OBJECT_ATTRIBUTES*)> nt_open_key{SystemLibrary::ntdll,
                                                                                               "NtOpenKey"};
constinit SystemFunction<NTSTATUS NTAPI(HANDLE)> nt_delete_key{SystemLibrary::ntdll, "NtDeleteKey"};
constinit SystemFunction<NTSTATUS NTAPI(HANDLE, ULONG, int, void*, ULONG, ULONG*)> nt_enumerate_key{
    SystemLibrary::ntdll, "NtEnumerateKey"};
constinit SystemFunction<NTSTATUS NTAPI(HANDLE, int, void*, ULONG, ULONG*)> nt_query_key{SystemLibrary::ntdll,
                                                                                         "NtQueryKey"};
constinit SystemFunction<ULONG WINAPI(NTSTATUS)> nt_status_to_error{SystemLibrary::ntdll, "RtlNtStatusToDosError"};

bool complete() noexcept {
    return nt_open_key.get() != nullptr && nt_delete_key.get() != nullptr && nt_enumerate_key.get() != nullptr &&
           nt_query_key.get() != nullptr && nt_status_to_error.get() != nullptr;
}

LONG error_of(NTSTATUS status) noexcept {
    return status >= 0 ? ERROR_SUCCESS : static_cast<LONG>(nt_status_to_error.get()(status));
}

// The key of that name itself, be it a link.
LONG open_itself(HANDLE parent, std::wstring_view name, ACCESS_MASK access, Handle& key) noexcept {
    UNICODE_STRING text;
    text.Buffer = const_cast<wchar_t*>(name.data());
    text.Length = text.MaximumLength = static_cast<USHORT>(name.size() * sizeof(wchar_t));
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    attributes.RootDirectory = parent;
    attributes.ObjectName = &text;
    attributes.Attributes = OBJ_CASE_INSENSITIVE | open_link_attribute;
    HANDLE opened = nullptr;
    const NTSTATUS status = nt_open_key.get()(&opened, access | KEY_WOW64_64KEY, &attributes);
    if (status >= 0) key = Handle(opened);
    return error_of(status);
}

// What may still be tried, over a whole tree.
struct Budget {
    unsigned keys = most_keys;
};

LONG delete_named(HANDLE parent, std::wstring_view name, unsigned depth_limit, Budget& budget) noexcept;

// Tries each subkey once: as many as there are now, so that others who make new ones do not keep it from ending.
LONG delete_children(HANDLE key, unsigned depth_limit, Budget& budget) noexcept {
    KeyFullInformation full{};
    ULONG bytes = 0;
    NTSTATUS status = nt_query_key.get()(key, key_full_information, &full, sizeof(full), &bytes);
    if (status < 0) return error_of(status);
    LONG first_error = ERROR_SUCCESS;
    ULONG index = 0;
    for (ULONG left = full.subkeys; left != 0 && budget.keys != 0; --left) {
        KeyBasicInformation child{};
        status = nt_enumerate_key.get()(key, index, key_basic_information, &child, sizeof(child), &bytes);
        if (status == no_more_entries) break;
        LONG error = error_of(status);
        if (status >= 0) {
            const std::size_t length = std::min<std::size_t>(child.name_bytes / sizeof(wchar_t), longest_key_name);
            error = delete_named(key, {child.name, length}, depth_limit, budget);
        }
        if (error == ERROR_SUCCESS) continue;
        ++index;
        if (first_error == ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) first_error = error;
    }
    return first_error;
}

LONG delete_named(HANDLE parent, std::wstring_view name, unsigned depth_limit, Budget& budget) noexcept {
    if (budget.keys == 0) return ERROR_KEY_HAS_CHILDREN;
    --budget.keys;
    Handle key;
    LONG error = open_itself(parent, name, DELETE, key);
    if (error != ERROR_SUCCESS) return error;
    error = error_of(nt_delete_key.get()(key.get()));
    if (error == ERROR_SUCCESS || error == ERROR_KEY_DELETED) return ERROR_SUCCESS;
    if (depth_limit <= 1) return ERROR_KEY_HAS_CHILDREN;
    key = Handle();
    error = open_itself(parent, name, DELETE | KEY_ENUMERATE_SUB_KEYS | KEY_QUERY_VALUE, key);
    if (error != ERROR_SUCCESS) return error;
    error = delete_children(key.get(), depth_limit - 1, budget);
    if (nt_delete_key.get()(key.get()) >= 0) return ERROR_SUCCESS;
    return error != ERROR_SUCCESS ? error : ERROR_KEY_HAS_CHILDREN;
}

// HKEY_LOCAL_MACHINE and its like are no handles.
bool is_predefined(HKEY key) noexcept { return (reinterpret_cast<std::uintptr_t>(key) & 0x80000000U) != 0; }

}  // namespace

LONG delete_tree(HKEY parent, std::wstring_view name, unsigned depth_limit) noexcept {
    if (!complete()) return ERROR_PROC_NOT_FOUND;
    if (name.empty() || name.size() > longest_key_name) return ERROR_FILE_NOT_FOUND;
    Budget budget;
    if (!is_predefined(parent)) return delete_named(parent, name, depth_limit, budget);
    // A path of ours, then.
    const std::size_t separator = name.find_last_of(L'\\');
    if (separator == std::wstring_view::npos) return ERROR_INVALID_PARAMETER;
    wchar_t path[longest_key_name + 1] = {};
    std::copy_n(name.begin(), separator, path);
    RegistryKey folder;
    const LONG error = folder.open(parent, path, KEY_ENUMERATE_SUB_KEYS);
    if (error != ERROR_SUCCESS) return error;
    return delete_named(folder.get(), name.substr(separator + 1), depth_limit, budget);
}

}  // namespace lsp::setup
