// Private to setup: an order, as values.
#pragma once

#include "catalog_plan.hpp"

namespace lsp::setup {

// `current` with the entries `ids` put into that order (see order_catalog). ERR_UNKNOWN_ENTRY.
Result<std::vector<DWORD>> plan_order(const std::vector<DWORD>& current, const std::vector<DWORD>& ids, bool first);

}  // namespace lsp::setup
