#include "registry.hpp"

namespace lsp::system {
namespace {

constexpr DWORD longest_key_name = 256;  // characters, with the terminator

}  // namespace

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

}  // namespace lsp::system
