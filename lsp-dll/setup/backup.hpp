// Private to setup: the catalogs as a readable file, written before they are changed. ts/backup.ts reads it.
#pragma once

#include <optional>

#include "catalog_plan.hpp"
#include "namespaces.hpp"

namespace lsp::setup {

struct CatalogDump {
    Architecture architecture;
    const Catalog* catalog;
    // Of each entry of the catalog; nothing where Windows does not tell, or was not asked.
    std::vector<std::optional<DWORD>> categories = {};
    // Nothing if they could not be read: restoring then leaves them alone.
    std::optional<std::vector<NamespaceProvider>> namespaces = {};
};

// Adds what is not in the protocol catalog itself.
void complete(CatalogDump& dump);

// The dumps as JSON text, UTF-8.
std::string catalog_json(const std::vector<CatalogDump>& dumps, const SYSTEMTIME& time);

// Completes the dumps and writes them to %ProgramData%\winsock-lsp\backup\catalog-<UTC time>.json and gives that path.
// Errors: ERR_UNTRUSTED_PATH (make_trusted_folder), what the failing function gives; the message ends "Nothing was
// changed."
Result<std::wstring> write_backup(std::vector<CatalogDump> dumps);
// The same of the catalogs as a snapshot has them.
struct Snapshot;
Result<std::wstring> write_backup(const Snapshot& snapshot);

}  // namespace lsp::setup
