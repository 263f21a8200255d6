// What an installation or a removal would change, as a value. install_provider and remove_provider carry out just such
// a value, so what a dry run shows is what would be done.
#pragma once

#include "../system/chains.hpp"
#include "over.hpp"
#include "setup.hpp"

namespace lsp::setup {

// Entries that do not exist yet have ids from here on: Windows gives them theirs when they are made.
inline constexpr DWORD first_planned_id = 0xFFFF0000;
inline bool is_planned(DWORD id) noexcept { return id >= first_planned_id; }

struct CatalogPlan {
    Architecture architecture{};
    std::string fault;      // why the catalog cannot stay as it is; empty: it can, and nothing below changes it
    Catalog removed;        // in the order in which they go: chains first
    Catalog added;          // in the order in which they come: the layered entry first
    Catalog after;          // the whole catalog, in its order
    Infos lowers;           // what the chains in `added` stand on, in their order
    bool reorders = false;  // only the order changes, to that of `after`

    bool changes() const { return !removed.empty() || !added.empty() || reorders; }
};

struct Plan {
    std::vector<CatalogPlan> catalogs;  // the native one first
    Over over;                          // what will be remembered
    bool over_changes = false;
    std::vector<std::wstring> deleted;  // files of earlier versions; those in use go when Windows starts the next time

    bool changes() const {
        for (const CatalogPlan& catalog : catalogs) {
            if (catalog.changes()) return true;
        }
        return false;
    }
};

// What install_provider would do with these options now. Reads only, and needs no rights. `source` and `source32` are
// the DLLs that would be copied to `dll` and `dll32` before; empty: they are there already. Errors: those of
// install_provider that can be foreseen.
struct SourceDlls {
    std::wstring dll, dll32;
};
Result<Plan> plan_install(const InstallOptions& options, const SourceDlls& sources = {});

// What remove_provider would do now; the errors likewise.
Result<Plan> plan_remove();

// What stage_provider_dll would copy now, and the path that it would give.
struct FileCopy {
    std::wstring from, to;
};
struct StagingPlan {
    std::wstring path;
    std::vector<FileCopy> copies;  // none: the same bytes are there already
};
Result<StagingPlan> plan_staging(const std::wstring& source);

}  // namespace lsp::setup
