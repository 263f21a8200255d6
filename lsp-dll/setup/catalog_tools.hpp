// What an administrator does with the catalogs as a whole: back them up, put them back, order them.
#pragma once

#include <optional>

#include "namespaces.hpp"
#include "setup.hpp"

namespace lsp::setup {

// Both catalogs, transport entries and namespace providers, as JSON text: what write_backup writes before each change.
// Errors: those of enumerate_catalog.
Result<std::string> backup_text();

// A catalog as a backup has it.
struct BackedUpCatalog {
    Architecture architecture = native_architecture;
    std::vector<CatalogEntry> entries;                         // in order; ids as they were then
    std::vector<std::optional<DWORD>> categories;              // of each entry
    std::optional<std::vector<NamespaceProvider>> namespaces;  // nothing: left alone
};

struct RestoreOptions {
    bool exact = false;    // take out what the backup does not have
    bool dry_run = false;  // only tell what would be done
};

struct RestoreReport {
    bool changed = false;            // of a dry run: whether it would
    std::vector<std::string> steps;  // what was done, a sentence each, in order
    std::vector<std::string> notes;  // what could not be restored, and why; a sentence each
    std::wstring backup;             // the file with the catalogs as they were before; empty if nothing was changed
};

// Makes the catalogs equal to the backup, up to the ids, which Windows gives anew: chains are rewritten to the new
// ones. Providers that are not in the backup stay, unless `exact`. A transaction as install_provider is one: elevated,
// one process at a time, a backup first, read back, and on an error everything is put back. WSCInstallProvider(64_32),
// WSCUpdateProvider(32), WSCDeinstallProvider(32), WSCWriteProviderOrder(32), WSCSetProviderInfo(32),
// WSCInstallNameSpace(32), WSCUnInstallNameSpace(32), WSCEnableNSProvider(32), WSCWriteNameSpaceOrder(32).
// Errors: ERROR_ACCESS_DENIED, ERR_CATALOG_BUSY, ERR_UNTRUSTED_PATH (check_trust: the place in the backup of a DLL that
// ordinary users could replace; nothing was changed), ERR_READBACK_MISMATCH, the code of the failing function.
Result<RestoreReport> restore_catalogs(const std::vector<BackedUpCatalog>& backup, const RestoreOptions& options);

struct OrderReport {
    bool changed = false;
    std::vector<DWORD> before, after;  // all ids
    std::wstring backup;               // empty if nothing was changed
};

// Puts the entries with these ids into this order: at the front if `first`, else at the places that they have among
// them. The others keep their order. A transaction likewise. WSCWriteProviderOrder, WSCWriteProviderOrder32.
// Errors: as restore_catalogs; ERR_UNKNOWN_ENTRY (an id that the catalog does not have, or one given twice).
Result<OrderReport> order_catalog(Architecture architecture, const std::vector<DWORD>& ids, bool first);

}  // namespace lsp::setup
