#include "install_plan.hpp"

#include <algorithm>

#include "../system/text.hpp"

namespace lsp::setup {
namespace {

Catalog without_ours(const Catalog& catalog) {
    Catalog rest = catalog;
    std::erase_if(rest, [](const CatalogEntry& entry) { return entry.ours; });
    return rest;
}

CatalogEntry planned(const WSAPROTOCOL_INFOW& info, const std::wstring& path, DWORD id) {
    CatalogEntry entry;
    entry.info = info;
    entry.info.dwCatalogEntryId = id;
    entry.path = path;
    entry.ours = true;
    return entry;
}

Outcome replace_ours(CatalogPlan& plan, const Catalog& before, const std::wstring& path, const std::wstring& name) {
    plan.removed = removal_of(before);
    plan.added = {planned(layered_entry(plan.lowers.front(), name), path, first_planned_id)};
    for (const WSAPROTOCOL_INFOW& lower : plan.lowers) {
        auto chain = chain_entry(lower, first_planned_id, name);
        if (!chain) {
            return own_error("ERR_CHAIN_TOO_LONG",
                             concat({"Cannot put a chain over \"", lower.szProtocol,
                                     "\": it has as many layers as a chain can have. Remove another layered provider. "
                                     "Nothing was changed."}));
        }
        plan.added.push_back(planned(*chain, path, first_planned_id + static_cast<DWORD>(plan.added.size())));
    }
    plan.after.assign(plan.added.begin() + 1, plan.added.end());
    const Catalog rest = without_ours(before);
    plan.after.insert(plan.after.end(), rest.begin(), rest.end());
    plan.after.push_back(plan.added.front());
    return Done{};
}

// The call for both catalogs stands on what is topmost, whole or not, with IFS handles or without.
Outcome check_what_is_topmost(const CatalogPlan& plan, const Catalog& catalog) {
    const Infos infos = infos_of(catalog);
    for (const WSAPROTOCOL_INFOW& lower : plan.lowers) {
        const CatalogEntry* const entry = topmost_entry(catalog, lower);
        if (entry == nullptr) continue;
        if (const auto missing = missing_part(entry->info, infos)) {
            return own_error(
                "ERR_BROKEN_CHAIN",
                concat({"Cannot install the provider in both catalogs at once: entry ", entry->info.dwCatalogEntryId,
                        " \"", entry->info.szProtocol, "\" is topmost in the ", bits_of(plan.architecture),
                        " catalog and names entry ", *missing,
                        ", which does not exist, and Windows would put ours above that. Take out what is left of the "
                        "product that it belongs to (netsh winsock remove provider ",
                        entry->info.dwCatalogEntryId, "), or leave out the 32-bit DLL."}));
        }
        if ((entry->info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0) continue;
        return own_error(
            "ERR_NON_IFS_PROVIDER",
            concat({"Cannot install the provider in both catalogs at once: entry ", entry->info.dwCatalogEntryId, " \"",
                    entry->info.szProtocol, "\" is topmost in the ", bits_of(plan.architecture),
                    " catalog and has no IFS handles, and Windows would put ours above that. Remove the "
                    "product that it belongs to, or leave out the 32-bit DLL."}));
    }
    return Done{};
}

// That call chooses what is topmost by itself.
Outcome check_topmost(const Catalog& native, const Infos& lowers) {
    for (const WSAPROTOCOL_INFOW& topmost : lower_entries(native)) {
        for (const WSAPROTOCOL_INFOW& lower : lowers) {
            if (!same_protocol(topmost, lower) || topmost.dwCatalogEntryId == lower.dwCatalogEntryId) continue;
            return own_error(
                "ERR_INVALID_CHOICE",
                concat({"Cannot install the provider over entry ", lower.dwCatalogEntryId,
                        " in both catalogs at once: entry ", topmost.dwCatalogEntryId, " \"", topmost.szProtocol,
                        "\" stands above it. Choose that, or leave out the 32-bit DLL."}));
        }
    }
    return Done{};
}

Error nothing_below(const Catalog& native) {
    if (lower_entries(native).empty()) {
        return own_error("ERR_NO_LOWER_PROVIDER",
                         "Cannot install the provider: the protocol catalog has no TCP, UDP or RAW provider to stand "
                         "on. Repair the catalog with: netsh winsock reset");
    }
    return own_error("ERR_NO_LOWER_PROVIDER",
                     "Cannot install the provider: the protocol catalog has nothing of what was chosen. Choose other "
                     "protocols.");
}

// Where a catalog's order is all that is wrong, its entries stay, and with them those of others that stand on ours.
bool reorder(std::vector<CatalogPlan>& catalogs, const InstallOptions& options) {
    std::vector<std::pair<CatalogPlan*, Catalog>> changes;
    for (CatalogPlan& plan : catalogs) {
        if (plan.fault.empty()) continue;
        auto after =
            reordered(plan.after, plan.architecture == native_architecture ? options.dll : options.dll32, plan.lowers);
        if (!after) return false;
        changes.emplace_back(&plan, std::move(*after));
    }
    for (auto& [plan, after] : changes) {
        plan->after = std::move(after);
        plan->reorders = true;
    }
    return true;
}

CatalogPlan unchanged(Architecture architecture, const Catalog& catalog) {
    CatalogPlan plan;
    plan.architecture = architecture;
    plan.after = catalog;
    return plan;
}

}  // namespace

std::wstring name_for(const InstallOptions& options, const Snapshot& snapshot) {
    if (!options.name.empty()) return options.name;
    for (const Catalog* catalog : {&snapshot.native, snapshot.other ? &*snapshot.other : nullptr}) {
        for (const CatalogEntry& entry : catalog != nullptr ? *catalog : Catalog()) {
            if (is_our_layered(entry.info) && entry.info.szProtocol[0] != L'\0') return entry.info.szProtocol;
        }
    }
    return default_provider_name;
}

Catalog removal_of(const Catalog& catalog) {
    Catalog removed;
    for (const bool layered : {false, true}) {
        for (const CatalogEntry& entry : catalog) {
            if (entry.ours && same_guid(entry.info.ProviderId, provider_guid) == layered) removed.push_back(entry);
        }
    }
    return removed;
}

Result<Plan> plan_installation(const Snapshot& snapshot, const InstallOptions& options,
                               const std::optional<Over>& remembered) {
    Plan plan;
    plan.over = options.over ? *options.over : remembered.value_or(Over{});
    plan.over_changes = plan.over != remembered.value_or(Over{});
    if (const Outcome checked = check_choice(snapshot.native, plan.over); !checked) return checked.error();

    CatalogPlan native = unchanged(native_architecture, snapshot.native);
    native.lowers = lower_entries(snapshot.native, plan.over);
    if (native.lowers.empty()) return nothing_below(snapshot.native);
    const bool both = !options.dll32.empty();
    if (!both) {
        native.fault = installation_fault(snapshot.native, options.dll, plan.over);
        plan.catalogs.push_back(std::move(native));
    } else {
        if (!snapshot.other) {
            return system_error(ERROR_NOT_SUPPORTED, "WSCEnumProtocols32", "Cannot read the 32-bit catalog");
        }
        if (const Outcome checked = check_topmost(snapshot.native, native.lowers); !checked) return checked.error();
        // The call for both wants every one of the protocols in both.
        native.lowers = of_same_protocols(std::move(native.lowers), lower_entries(*snapshot.other));
        if (native.lowers.empty()) {
            return own_error(
                "ERR_NO_LOWER_PROVIDER",
                "Cannot install the provider: the two protocol catalogs have nothing of what was chosen in "
                "common. Repair the catalogs with: netsh winsock reset");
        }
        CatalogPlan other = unchanged(Architecture::ia32, *snapshot.other);
        other.lowers = of_same_protocols(lower_entries(*snapshot.other), native.lowers);
        native.fault = installation_fault(snapshot.native, options.dll, native.lowers);
        other.fault = installation_fault(*snapshot.other, options.dll32, other.lowers);
        plan.catalogs.push_back(std::move(native));
        plan.catalogs.push_back(std::move(other));
    }
    // Whether there is a fault at all, or none but of the order.
    if (!options.anew && reorder(plan.catalogs, options)) return plan;
    // One call installs into both.
    for (CatalogPlan& catalog : plan.catalogs) {
        if (catalog.fault.empty() && options.anew) catalog.fault = "its entries of ours are to be made again";
        if (!catalog.fault.empty()) continue;
        catalog.fault =
            concat({"the ", bits_of(catalog.architecture == Architecture::x64 ? Architecture::ia32 : Architecture::x64),
                    " catalog needs it, and only both can be written"});
    }

    if (const Outcome checked = check_dependents(snapshot, "Cannot install the provider again"); !checked) {
        return checked.error();
    }
    for (CatalogPlan& catalog : plan.catalogs) {
        const bool is_native = catalog.architecture == native_architecture;
        if (both) {
            const Outcome checked = check_what_is_topmost(catalog, is_native ? snapshot.native : *snapshot.other);
            if (!checked) return checked.error();
        }
        const Outcome replaced = replace_ours(catalog, is_native ? snapshot.native : *snapshot.other,
                                              is_native ? options.dll : options.dll32, name_for(options, snapshot));
        if (!replaced) return replaced.error();
    }
    return plan;
}

Result<Plan> plan_removal(const Snapshot& snapshot, const std::optional<Over>& remembered) {
    Plan plan;
    plan.over_changes = remembered && *remembered != Over{};
    const auto add = [&plan](Architecture architecture, const Catalog& before) {
        CatalogPlan catalog = unchanged(architecture, before);
        catalog.removed = removal_of(before);
        if (!catalog.removed.empty()) catalog.fault = "it holds entries of ours";
        catalog.after = without_ours(before);
        plan.catalogs.push_back(std::move(catalog));
    };
    add(native_architecture, snapshot.native);
    if (snapshot.other) add(Architecture::ia32, *snapshot.other);
    if (plan.changes()) {
        if (const Outcome checked = check_dependents(snapshot, "Cannot remove the provider"); !checked) {
            return checked.error();
        }
    }
    return plan;
}

std::vector<DWORD> planned_order(const CatalogPlan& plan, const Catalog& catalog) {
    std::vector<DWORD> order;
    const auto known = [&order](DWORD id) { return std::find(order.begin(), order.end(), id) != order.end(); };
    for (const CatalogEntry& wanted : plan.after) {
        for (const CatalogEntry& entry : catalog) {
            const DWORD id = entry.info.dwCatalogEntryId;
            const bool ours = entry.ours && entry.is_layered() == wanted.is_layered() &&
                              (entry.is_layered() || same_protocol(entry.info, wanted.info));
            if (is_planned(wanted.info.dwCatalogEntryId) ? !ours : id != wanted.info.dwCatalogEntryId) continue;
            if (!known(id)) order.push_back(id);
        }
    }
    for (const CatalogEntry& entry : catalog) {
        if (!known(entry.info.dwCatalogEntryId)) order.push_back(entry.info.dwCatalogEntryId);
    }
    return order;
}

}  // namespace lsp::setup
