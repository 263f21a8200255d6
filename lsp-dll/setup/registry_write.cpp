#include "registry_write.hpp"

#include "../system/system_function.hpp"

namespace lsp::setup {

using namespace system;

namespace {

// 32-bit Windows XP has only RegDeleteKeyW, and only one view.
constinit SystemFunction<LONG WINAPI(HKEY, LPCWSTR, REGSAM, DWORD)> reg_delete_key_ex{SystemLibrary::advapi32,
                                                                                      "RegDeleteKeyExW"};

}  // namespace

LONG create_key(RegistryKey& key, HKEY parent, const wchar_t* name, DWORD options, REGSAM access,
                SECURITY_ATTRIBUTES* security, bool* created) noexcept {
    HKEY opened = nullptr;
    DWORD disposition = 0;
    const LONG error =
        RegCreateKeyExW(parent, name, 0, nullptr, options, access | KEY_WOW64_64KEY, security, &opened, &disposition);
    key = RegistryKey(error == ERROR_SUCCESS ? opened : nullptr);
    if (created != nullptr) *created = error == ERROR_SUCCESS && disposition == REG_CREATED_NEW_KEY;
    return error;
}

LONG delete_key(HKEY parent, const wchar_t* name) noexcept {
    const auto function = reg_delete_key_ex.get();
    return function != nullptr ? function(parent, name, KEY_WOW64_64KEY, 0) : RegDeleteKeyW(parent, name);
}

LONG delete_tree(HKEY parent, const wchar_t* name, unsigned depth_limit) {
    RegistryKey key;
    LONG error = key.open(parent, name, KEY_ENUMERATE_SUB_KEYS | DELETE);
    if (error != ERROR_SUCCESS) return error;
    if (depth_limit == 0) return ERROR_KEY_HAS_CHILDREN;
    std::wstring child;
    while ((error = subkey_name(key.get(), 0, child)) == ERROR_SUCCESS) {
        error = delete_tree(key.get(), child.c_str(), depth_limit - 1);
        if (error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) return error;
    }
    if (error != ERROR_NO_MORE_ITEMS) return error;
    key.close();
    return delete_key(parent, name);
}

}  // namespace lsp::setup
