#include "registry.hpp"

#include "system_function.hpp"

namespace lsp::system {
namespace {

// 32-bit Windows XP has only RegDeleteKeyW, and only one view.
constinit SystemFunction<LONG WINAPI(HKEY, LPCWSTR, REGSAM, DWORD)> reg_delete_key_ex{SystemLibrary::advapi32,
                                                                                      "RegDeleteKeyExW"};

constexpr DWORD longest_key_name = 256;  // characters, with the terminator

}  // namespace

void RegistryKey::close() noexcept {
    if (key_ != nullptr) RegCloseKey(key_);
    key_ = nullptr;
}

LONG RegistryKey::open(HKEY parent, const wchar_t* name, REGSAM access) noexcept {
    close();
    const LONG error = RegOpenKeyExW(parent, name, 0, access | KEY_WOW64_64KEY, &key_);
    if (error != ERROR_SUCCESS) key_ = nullptr;
    return error;
}

LONG RegistryKey::create(HKEY parent, const wchar_t* name, DWORD options, REGSAM access, SECURITY_ATTRIBUTES* security,
                         bool* created) noexcept {
    close();
    DWORD disposition = 0;
    const LONG error =
        RegCreateKeyExW(parent, name, 0, nullptr, options, access | KEY_WOW64_64KEY, security, &key_, &disposition);
    if (error != ERROR_SUCCESS) key_ = nullptr;
    if (created != nullptr) *created = error == ERROR_SUCCESS && disposition == REG_CREATED_NEW_KEY;
    return error;
}

LONG read_value(HKEY key, const wchar_t* name, std::size_t limit, DWORD& type, std::vector<unsigned char>& bytes) {
    bytes.clear();
    DWORD size = 0;
    LONG error = RegQueryValueExW(key, name, nullptr, &type, nullptr, &size);
    // It may grow between the question and the answer.
    for (int attempt = 0; attempt < 4; ++attempt) {
        if (error != ERROR_SUCCESS && error != ERROR_MORE_DATA) return error;
        if (size > limit) return ERROR_MORE_DATA;
        bytes.resize(size);
        if (size == 0) return ERROR_SUCCESS;
        error = RegQueryValueExW(key, name, nullptr, &type, bytes.data(), &size);
        if (error == ERROR_SUCCESS) {
            bytes.resize(size);
            return ERROR_SUCCESS;
        }
    }
    bytes.clear();
    return error;
}

LONG subkey_name(HKEY key, DWORD index, std::wstring& name) {
    wchar_t buffer[longest_key_name];
    DWORD length = longest_key_name;
    const LONG error = RegEnumKeyExW(key, index, buffer, &length, nullptr, nullptr, nullptr, nullptr);
    name.assign(buffer, error == ERROR_SUCCESS ? length : 0);
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

}  // namespace lsp::system
