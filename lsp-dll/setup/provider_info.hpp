// Private to setup: a layered provider's categories, by which Windows (Vista and later) keeps it out of programs that
// an administrator has permitted only some categories (WSCSetApplicationCategory).
#pragma once

#include <optional>

#include "setup.hpp"

namespace lsp::setup {

// LSP_…; nothing where Windows does not tell. WSCGetProviderInfo, WSCGetProviderInfo32.
std::optional<DWORD> lsp_categories(Architecture architecture, const GUID& provider);
// A Winsock error, 0 on success; ERROR_NOT_SUPPORTED before Vista. WSCSetProviderInfo, WSCSetProviderInfo32.
int set_lsp_categories(Architecture architecture, const GUID& provider, DWORD categories);

}  // namespace lsp::setup
