#include "registry_write.hpp"

namespace lsp::setup {

using namespace system;

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

}  // namespace lsp::setup
