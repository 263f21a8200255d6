// Private to setup: deleting registry keys that others may have filled (design §7).
//
// Who may make keys below ours may make there a link to another key, a key whose name holds a zero, rights that shut
// everybody out, and ever more of all this while it is being deleted. So nothing is opened through a link, names go by
// their length (NtOpenKey), and each key is tried once.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <string_view>

namespace lsp::setup {

inline constexpr unsigned default_depth_limit = 16;

// Deletes the subkey `name` of `parent` with everything in it; a link, and not what it leads to. Each gives a Win32
// error, 0 on success: ERROR_FILE_NOT_FOUND if there is no such subkey; ERROR_KEY_HAS_CHILDREN if more than
// `depth_limit` levels of keys, its own included, are there (what is deeper is not opened, and stays), or if somebody
// makes new ones meanwhile; ERROR_ACCESS_DENIED and others where a key cannot be deleted. What can be is deleted all
// the same.
LONG delete_tree(HKEY parent, std::wstring_view name, unsigned depth_limit = default_depth_limit) noexcept;

// Deletes a subkey that has none itself.
inline LONG delete_key(HKEY parent, std::wstring_view name) noexcept { return delete_tree(parent, name, 1); }

}  // namespace lsp::setup
