#include "registry.hpp"

namespace lsp::system {

void RegistryKey::close() noexcept {
    if (key_ != nullptr) RegCloseKey(key_);
    key_ = nullptr;
}

LONG RegistryKey::open(HKEY parent, const wchar_t* name, REGSAM access, DWORD options) noexcept {
    close();
    const LONG error = RegOpenKeyExW(parent, name, options, access | KEY_WOW64_64KEY, &key_);
    if (error != ERROR_SUCCESS) key_ = nullptr;
    return error;
}

LONG subkey_name(HKEY key, DWORD index, wchar_t (&name)[longest_key_name], DWORD& length) noexcept {
    length = longest_key_name;
    const LONG error = RegEnumKeyExW(key, index, name, &length, nullptr, nullptr, nullptr, nullptr);
    if (error != ERROR_SUCCESS) length = 0;
    return error;
}

}  // namespace lsp::system
