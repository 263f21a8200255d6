// Private to setup: namespace providers put back.
#pragma once

#include "catalog_tools.hpp"

namespace lsp::setup {

// Makes one namespace catalog equal to `wanted`; providers that are not in it stay (behind the others), unless `exact`.
// Appends what it does (or would do, if `dry_run`) to `steps`, and what cannot be done to `notes`. Reads back at the
// end: ERR_READBACK_MISMATCH. The caller holds the CatalogLock.
Outcome restore_namespaces(Architecture architecture, const std::vector<NamespaceProvider>& wanted,
                           const RestoreOptions& options, std::vector<std::string>& steps,
                           std::vector<std::string>& notes);

}  // namespace lsp::setup
