#include "restore_dlls.hpp"

#include <algorithm>

#include "../system/text.hpp"
#include "restore_plan.hpp"

namespace lsp::setup {
namespace {

const DllFacts* find_dll(const std::vector<DllFacts>& dlls, const std::wstring& path) {
    const auto dll = std::find_if(dlls.begin(), dlls.end(), [&](const DllFacts& each) { return each.path == path; });
    return dll == dlls.end() ? nullptr : &*dll;
}

class Judgement {
  public:
    Judgement(Architecture architecture, const std::vector<DllFacts>& dlls)
        : architecture_(architecture), dlls_(dlls) {}

    std::string load_fault(const CatalogEntry& entry) const {
        const DllFacts* const dll = entry.is_base() ? nullptr : find_dll(dlls_, entry.path);
        return dll == nullptr ? std::string() : setup::load_fault(*dll, architecture_);
    }
    std::string fault(const CatalogEntry& entry) const {
        if (std::string unloadable = load_fault(entry); !unloadable.empty()) return unloadable;
        const DllFacts* const dll = entry.is_base() ? nullptr : find_dll(dlls_, entry.path);
        if (dll == nullptr || dll->replaceable_by.empty()) return {};
        return concat({"can be replaced by others than administrators (", dll->replaceable_by, ")"});
    }

  private:
    Architecture architecture_;
    const std::vector<DllFacts>& dlls_;
};

// "X" and how many more have the path of this entry.
std::string label(const CatalogEntry& entry, const Catalog& catalog) {
    const auto same = std::count_if(catalog.begin(), catalog.end(),
                                    [&](const CatalogEntry& each) { return each.path == entry.path; });
    std::string text = concat({"\"", entry.info.szProtocol, "\""});
    if (same > 1) text += concat({" and ", static_cast<std::size_t>(same) - 1, " more"});
    return text;
}

bool names(const CatalogEntry& chain, const CatalogEntry& entry) {
    const std::vector<DWORD> ids = chain.is_chain() ? chain_ids(chain.info) : std::vector<DWORD>();
    return std::find(ids.begin(), ids.end(), entry.info.dwCatalogEntryId) != ids.end();
}

}  // namespace

LeftOut leave_out_unloadable(BackedUpCatalog& backup, const Catalog& current, const std::vector<DllFacts>& dlls,
                             bool exact) {
    LeftOut result;
    const Judgement judgement(backup.architecture, dlls);
    const std::string catalog = concat({"the ", bits_of(backup.architecture), " catalog"});
    mark_ours(backup.entries);
    std::wstring registered;
    for (const CatalogEntry& entry : current) {
        if (is_our_layered(entry.info) && judgement.fault(entry).empty()) registered = entry.path;
    }

    std::vector<std::wstring> told;
    const Catalog entries = backup.entries;
    for (CatalogEntry& entry : backup.entries) {
        const std::string fault = judgement.fault(entry);
        if (fault.empty()) continue;
        const bool keeps = entry.ours && !registered.empty();
        if (std::find(told.begin(), told.end(), entry.path) == told.end()) {
            told.push_back(entry.path);
            const std::string what = concat({label(entry, entries), " of the backup of ", catalog});
            const char* const remedy =
                entry.ours ? "Run: winsock-lsp install" : "Install the product that it belongs to again.";
            result.notes.push_back(
                keeps ? concat({what, ": the DLL ", entry.path, " ", fault, ". ", registered,
                                ", which is registered now, takes its place."})
                      : concat({what, " is not restored: the DLL ", entry.path, " ", fault, ". ", remedy}));
        }
        if (keeps) {
            entry.path = registered;
        } else if (!contains_guid(result.providers, entry.info.ProviderId)) {
            result.providers.push_back(entry.info.ProviderId);
        }
    }
    // And what stands on it.
    for (bool grown = true; grown;) {
        grown = false;
        for (const CatalogEntry& entry : entries) {
            if (contains_guid(result.providers, entry.info.ProviderId)) continue;
            const auto gone = std::find_if(entries.begin(), entries.end(), [&](const CatalogEntry& each) {
                return contains_guid(result.providers, each.info.ProviderId) && names(entry, each);
            });
            if (gone == entries.end()) continue;
            result.providers.push_back(entry.info.ProviderId);
            result.notes.push_back(concat({"\"", entry.info.szProtocol, "\" of the backup of ", catalog,
                                           " is not restored: it stands on \"", gone->info.szProtocol, "\"."}));
            grown = true;
        }
    }
    leave_out(backup, result.providers);

    told.clear();
    for (const CatalogEntry& entry : current) {
        const std::string fault = judgement.load_fault(entry);
        if (fault.empty()) continue;
        const GUID& provider = entry.info.ProviderId;
        if (!contains_guid(result.broken, provider)) result.broken.push_back(provider);
        const bool stays = !exact && std::none_of(backup.entries.begin(), backup.entries.end(), [&](const auto& each) {
            return same_guid(each.info.ProviderId, provider);
        });
        if (!stays || std::find(told.begin(), told.end(), entry.path) != told.end()) continue;
        told.push_back(entry.path);
        result.notes.push_back(concat({label(entry, current), " of ", catalog, " is put behind everything: the DLL ",
                                       entry.path, " ", fault, "."}));
    }
    return result;
}

}  // namespace lsp::setup
