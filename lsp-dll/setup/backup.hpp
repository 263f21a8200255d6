// Private to setup: the catalog as a readable file, written before it is changed.
#pragma once

#include "catalog_plan.hpp"

namespace lsp::setup {

struct CatalogDump {
    Architecture architecture;
    const Catalog* catalog;
};

// The dump as JSON text, UTF-8.
std::string catalog_json(const std::vector<CatalogDump>& dumps, const SYSTEMTIME& time);

// Writes it to %ProgramData%\winsock-lsp\backup\catalog-<UTC time>.json and gives that path.
Result<std::wstring> write_backup(const std::vector<CatalogDump>& dumps);

}  // namespace lsp::setup
