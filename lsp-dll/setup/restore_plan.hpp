// Private to setup: from a catalog as it is to one as it should be, as values. Nothing here calls the system.
#pragma once

#include <optional>

#include "../system/chains.hpp"
#include "catalog_tools.hpp"

namespace lsp::setup {

// An entry as it should be. Windows gives ids anew, so a chain's parts are named by where they are in the list.
struct WantedEntry {
    CatalogEntry entry;              // its id and the ids in its chain mean nothing
    std::vector<std::size_t> chain;  // of a chain: indexes of WantedCatalog::entries
    std::optional<DWORD> categories;
    bool as_is = false;  // it cannot be made: where it is there, only its place in the order is wanted
};

struct WantedCatalog {
    std::vector<WantedEntry> entries;  // in order
    std::vector<GUID> kept;            // providers that are neither wanted nor to be taken out
    std::vector<GUID> superseded;      // providers that are to be taken out even if not `exact`
    bool exact = false;                // providers that are neither wanted nor kept are to be taken out
    std::vector<std::string> notes;    // what of the backup cannot be had, a sentence each
};

// What the backup wants, and of `current` what it does not know (unless `exact`). A chain that names an entry which is
// not there cannot be had: of the backup it is left as it is, with a note, and of the current catalog too. Where the
// backup has us, our chains are those that it has, whatever was installed since. `broken`: providers that no program
// can load; those that only the current catalog has stay behind everything, not first.
WantedCatalog wanted_catalog(const BackedUpCatalog& backup, const Catalog& current, bool exact,
                             const std::vector<GUID>& broken = {});

// The ids that the wanted entries have in the current catalog; nothing where there is none such yet.
std::vector<std::optional<DWORD>> find_wanted(const WantedCatalog& wanted, const Catalog& current);

struct RestoreStep {
    enum class Kind { install, update, remove, order } kind = Kind::order;
    GUID provider{};                       // of all but `order`
    std::wstring path;                     // install, update
    std::vector<WSAPROTOCOL_INFOW> infos;  // install, update: with the chains of today's ids
    std::vector<DWORD> order;
    std::string name;  // the provider's first entry's
};

// The next step, nothing if all is as wanted. `cannot_update`: providers for which updating was tried and did not help.
std::optional<RestoreStep> next_step(const WantedCatalog& wanted, const Catalog& current,
                                     const std::vector<GUID>& cannot_update);

// What the step makes of a catalog, with made-up ids: for a dry run.
void apply(const RestoreStep& step, Catalog& catalog, DWORD& next_id);

// "install \"X\" (3 entries, C:\x.dll)"
std::string describe(const RestoreStep& step);

// Takes their entries out of the backup.
void leave_out(BackedUpCatalog& backup, const std::vector<GUID>& providers);

bool has_base(const Catalog& catalog, const GUID& provider);
bool contains_guid(const std::vector<GUID>& guids, const GUID& guid) noexcept;

}  // namespace lsp::setup
