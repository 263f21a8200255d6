#include "restore_dlls.hpp"

#include <algorithm>
#include <cwchar>

#include "../system/text.hpp"
#include "restore_plan.hpp"

namespace lsp::setup {
namespace {

bool same_file_name(const std::wstring& a, const std::wstring& b) { return _wcsicmp(a.c_str(), b.c_str()) == 0; }

bool has_entry(const Catalog& catalog, const CatalogEntry& wanted) {
    return std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
        return same_guid(entry.info.ProviderId, wanted.info.ProviderId) && same_file_name(entry.path, wanted.path);
    });
}

class Judgement {
  public:
    Judgement(Architecture architecture, const Catalog& current, const std::vector<DllFacts>& dlls)
        : architecture_(architecture), current_(current), dlls_(dlls) {}

    // Of base providers only those are judged that the catalog does not have, elsewhere than in Windows' own folder.
    std::string load_fault(const CatalogEntry& entry) const {
        const DllFacts* const dll = find_dll(dlls_, entry.path);
        if (dll == nullptr || (entry.is_base() && is_exempt(entry, *dll))) return {};
        return setup::load_fault(*dll, architecture_);
    }
    // Who can replace the DLL.
    std::string trust_fault(const CatalogEntry& entry) const {
        const DllFacts* const dll = find_dll(dlls_, entry.path);
        return dll == nullptr || is_exempt(entry, *dll) ? std::string() : dll->replaceable_by;
    }
    std::string fault(const CatalogEntry& entry) const {
        if (std::string unloadable = load_fault(entry); !unloadable.empty()) return unloadable;
        const std::string who = trust_fault(entry);
        return who.empty() ? who : concat({"can be replaced by others than administrators (", who, ")"});
    }

  private:
    bool is_exempt(const CatalogEntry& entry, const DllFacts& dll) const {
        return dll.in_system_folder || has_entry(current_, entry);
    }

    Architecture architecture_;
    const Catalog& current_;
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
    const Judgement judgement(backup.architecture, current, dlls);
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

namespace {

Error untrusted(std::size_t catalog, const char* list, std::size_t index, const std::string& who,
                std::wstring_view path) {
    return own_error(
        "ERR_UNTRUSTED_PATH",
        concat({"Cannot restore the catalogs: $.catalogs[", catalog, "].", list, "[", index, "].path is ", path,
                ", which every program would load, and others than administrators can replace it (", who,
                "). Nothing was changed. Ask where the file comes from; a backup of a sound machine names no such "
                "path."}));
}

}  // namespace

Outcome check_trust(const BackedUpCatalog& backup, std::size_t index, const Catalog& current,
                    const std::vector<NamespaceProvider>& current_namespaces, const std::vector<DllFacts>& dlls,
                    const std::vector<DllFacts>& namespace_dlls) {
    const Judgement judgement(backup.architecture, current, dlls);
    for (std::size_t i = 0; i < backup.entries.size(); ++i) {
        const CatalogEntry& entry = backup.entries[i];
        const std::string who = judgement.trust_fault(entry);
        const DllFacts* const dll = find_dll(dlls, entry.path);
        // A layered provider of another product's may well be installed badly: it is left out, and the rest restored.
        if (who.empty() || (!entry.is_base() && !dll->elsewhere)) continue;
        return untrusted(index, "entries", i, who, entry.path);
    }
    if (!backup.namespaces) return Done{};
    for (std::size_t i = 0; i < backup.namespaces->size(); ++i) {
        const NamespaceProvider& provider = (*backup.namespaces)[i];
        const DllFacts* const dll = find_dll(namespace_dlls, provider.path);
        if (dll == nullptr || dll->replaceable_by.empty() || dll->in_system_folder) continue;
        const bool is_there =
            std::any_of(current_namespaces.begin(), current_namespaces.end(), [&](const NamespaceProvider& each) {
                return same_guid(each.id, provider.id) && same_file_name(each.path, provider.path);
            });
        if (!is_there) return untrusted(index, "namespaces", i, dll->replaceable_by, provider.path);
    }
    return Done{};
}

}  // namespace lsp::setup
