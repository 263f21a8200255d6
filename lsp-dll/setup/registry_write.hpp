// Private to setup: registry keys made and deleted, always in the 64-bit view (design §7).
#pragma once

#include "../system/registry.hpp"

namespace lsp::setup {

// Each gives a Win32 error, 0 on success.

// Opens the subkey, or makes it with these rights; `created` tells which.
LONG create_key(system::RegistryKey& key, HKEY parent, const wchar_t* name, DWORD options, REGSAM access,
                SECURITY_ATTRIBUTES* security, bool* created = nullptr) noexcept;

// Deletes a subkey without subkeys of its own.
LONG delete_key(HKEY parent, const wchar_t* name) noexcept;
inline constexpr unsigned default_depth_limit = 16;
// Deletes a subkey with everything in it. ERROR_FILE_NOT_FOUND if it does not exist; ERROR_KEY_HAS_CHILDREN, and what
// is too deep stays, if there is more than `depth_limit` levels of keys, its own included.
LONG delete_tree(HKEY parent, const wchar_t* name, unsigned depth_limit = default_depth_limit);

}  // namespace lsp::setup
