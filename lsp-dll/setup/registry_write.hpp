// Private to setup: registry keys made, always in the 64-bit view (design §7). registry_tree.hpp deletes them.
#pragma once

#include "../system/registry.hpp"

namespace lsp::setup {

// Opens the subkey, or makes it with these rights; `created` tells which. A Win32 error, 0 on success.
LONG create_key(system::RegistryKey& key, HKEY parent, const wchar_t* name, DWORD options, REGSAM access,
                SECURITY_ATTRIBUTES* security, bool* created = nullptr) noexcept;

}  // namespace lsp::setup
