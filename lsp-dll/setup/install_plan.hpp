// Private to setup: plans made from what the catalogs say. Nothing here calls the system.
#pragma once

#include "install_steps.hpp"
#include "plan.hpp"

namespace lsp::setup {

// ERR_NO_LOWER_PROVIDER, ERR_UNKNOWN_ENTRY, ERR_INVALID_CHOICE, ERR_NON_IFS_PROVIDER, ERR_BROKEN_CHAIN,
// ERR_CHAIN_TOO_LONG, ERR_OTHERS_DEPEND.
Result<Plan> plan_installation(const Snapshot& snapshot, const InstallOptions& options,
                               const std::optional<Over>& remembered);
// ERR_OTHERS_DEPEND.
Result<Plan> plan_removal(const Snapshot& snapshot, const std::optional<Over>& remembered);

// What was asked for, else the registered one, else default_provider_name.
std::wstring name_for(const InstallOptions& options, const Snapshot& snapshot);

// Our entries in the order in which they can go: chains first, the layered entry last.
Catalog removal_of(const Catalog& catalog);

// The order in which the catalog's entries are to stand: that of plan.after, in which ours have ids that were only
// planned. What the plan does not know comes last.
std::vector<DWORD> planned_order(const CatalogPlan& plan, const Catalog& catalog);

}  // namespace lsp::setup
