#include "install_steps.hpp"

#include <algorithm>

#include "../system/catalog_functions.hpp"
#include "../system/system_function.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"
#include "catalog_changes.hpp"
#include "install_plan.hpp"
#include "security.hpp"

namespace lsp::setup {
namespace {

// RtlGenRandom, by the name under which ADVAPI32 exports it (Windows XP).
constinit SystemFunction<BOOLEAN WINAPI(void*, ULONG)> random_bytes{SystemLibrary::advapi32, "SystemFunction036"};

bool fresh_guid(GUID& guid) {
    const auto function = random_bytes.get();
    if (function == nullptr || !function(&guid, sizeof(guid))) return false;
    // RFC 9562 §5.4: version 4.
    guid.Data3 = static_cast<unsigned short>((guid.Data3 & 0x0fff) | 0x4000);
    guid.Data4[0] = static_cast<unsigned char>((guid.Data4[0] & 0x3f) | 0x80);
    return true;
}

const CatalogEntry* find_layered(const Catalog& catalog) {
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours && entry.is_layered()) return &entry;
    }
    return nullptr;
}

Error vanished(std::string_view what) {
    return own_error(
        "ERR_READBACK_MISMATCH",
        concat({"Cannot install the provider: the protocol catalog does not hold what was written, although the "
                "call succeeded (",
                what,
                "). A security product may have undone it: let it allow the change and try again. Wine's own ws2_32 "
                "keeps nothing: a Windows ws2_32 is needed."}));
}

// The steps that NT 5 offers. Each chain has a provider id of its own, because ws2_32 calls WSPStartup once for each
// id.
Outcome add_step_by_step(const CatalogPlan& plan) {
    constexpr Architecture architecture = native_architecture;
    const CatalogEntry& wanted = plan.added.front();
    if (const int error = install(provider_guid, wanted.path, {wanted.info})) {
        return wsc_error(
            error, "WSCInstallProvider", architecture,
            concat({"Cannot put the layered entry \"", wanted.info.szProtocol, "\" into the protocol catalog"}));
    }
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    const CatalogEntry* const layered = find_layered(*catalog);
    if (layered == nullptr) return vanished("the layered entry is missing");

    for (std::size_t i = 1; i < plan.added.size(); ++i) {
        WSAPROTOCOL_INFOW chain = plan.added[i].info;
        chain.ProtocolChain.ChainEntries[0] = layered->info.dwCatalogEntryId;
        if (!fresh_guid(chain.ProviderId)) {
            return system_error(ERROR_CALL_NOT_IMPLEMENTED, random_bytes.name(), "Cannot make a provider id");
        }
        const GUID id = chain.ProviderId;
        if (const int error = install(id, plan.added[i].path, {chain})) {
            return wsc_error(error, "WSCInstallProvider", architecture,
                             concat({"Cannot put in \"", chain.szProtocol, "\""}));
        }
    }
    return Done{};
}

Outcome add_to_both(const InstallOptions& options, const Infos& protocols) {
    if (const int error = install_with_chains(provider_guid, options, XP1_IFS_HANDLES, protocols)) {
        return wsc_error(error, "WSCInstallProviderAndChains64_32", native_architecture,
                         concat({"Cannot put the provider \"", options.name, "\" into the protocol catalogs"}));
    }
    return Done{};
}

// Our chains first, where the calls above leave them last, or below others'.
Outcome put_in_order(const CatalogPlan& plan) {
    const auto catalog = enumerate_catalog(plan.architecture);
    if (!catalog) return catalog.error();
    const std::vector<DWORD> order = planned_order(plan, *catalog);
    if (order == order_of(*catalog)) return Done{};
    if (const int error = write_order(plan.architecture, order)) {
        return wsc_error(error, "WSCWriteProviderOrder", plan.architecture,
                         "Cannot put our chains first in the catalog");
    }
    return Done{};
}

// The protocols over which we are.
Infos our_protocols(const Catalog& catalog) {
    Infos protocols;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours && entry.is_chain()) protocols.push_back(entry.info);
    }
    return protocols;
}

// True if each of our entries that were there still is, and no other of ours.
bool same_entries(const Catalog& now, const Catalog& before) {
    const auto ours = [](const Catalog& catalog) {
        std::vector<DWORD> ids;
        for (const CatalogEntry& entry : catalog) {
            if (entry.ours) ids.push_back(entry.info.dwCatalogEntryId);
        }
        std::sort(ids.begin(), ids.end());
        return ids;
    };
    return ours(now) == ours(before);
}

Outcome restore_order(Architecture architecture, const Catalog& before) {
    const auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog.error();
    const std::vector<DWORD> order = order_as_before(*catalog, before);
    if (order == order_of(*catalog)) return Done{};
    if (const int error = write_order(architecture, order)) {
        return wsc_error(error, "WSCWriteProviderOrder", architecture, "Cannot restore the catalog's order");
    }
    return Done{};
}

// Makes our entries again as they were, under the same provider ids; the system gives them new entry ids.
Outcome make_again(const Catalog& before) {
    constexpr Architecture architecture = native_architecture;
    const CatalogEntry* const old = find_layered(before);
    if (old == nullptr) return Done{};
    if (const int error = install(provider_guid, old->path, {old->info})) {
        return wsc_error(error, "WSCInstallProvider", architecture, "Cannot restore the layered entry");
    }
    const auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    const CatalogEntry* const made = find_layered(*catalog);
    if (made == nullptr) return vanished("the layered entry is missing");
    for (const CatalogEntry& entry : before) {
        if (!entry.ours || !entry.is_chain() || InlineIsEqualGUID(entry.info.ProviderId, provider_guid)) continue;
        WSAPROTOCOL_INFOW info = entry.info;
        for (DWORD& id : info.ProtocolChain.ChainEntries) {
            if (id == old->info.dwCatalogEntryId) id = made->info.dwCatalogEntryId;
        }
        if (const int error = install(info.ProviderId, entry.path, {info})) {
            return wsc_error(error, "WSCInstallProvider", architecture,
                             concat({"Cannot restore the chain \"", info.szProtocol, "\""}));
        }
    }
    return Done{};
}

Outcome restore(const Snapshot& snapshot) {
    const auto now = take_snapshot();
    if (!now) return now.error();
    const bool native_differs = !same_entries(now->native, snapshot.native);
    const bool other_differs = now->other && snapshot.other && !same_entries(*now->other, *snapshot.other);
    Outcome outcome = Done{};
    if (native_differs) outcome = remove_entries(native_architecture, removal_of(now->native));
    if (other_differs) {
        const Outcome second = remove_entries(Architecture::ia32, removal_of(*now->other));
        if (outcome) outcome = second;
    }
    if (!outcome) return outcome;

    const CatalogEntry* const layered = find_layered(snapshot.native);
    const CatalogEntry* const other_layered = other_differs ? find_layered(*snapshot.other) : nullptr;
    if (native_differs && layered != nullptr && other_layered != nullptr) {
        // Only the call for both catalogs can write the 32-bit one.
        InstallOptions earlier;
        earlier.dll = layered->path;
        earlier.dll32 = other_layered->path;
        earlier.name = layered->info.szProtocol;
        outcome = add_to_both(earlier, our_protocols(snapshot.native));
    } else {
        if (native_differs) outcome = make_again(snapshot.native);
        if (outcome && other_layered != nullptr) {
            outcome = system_error(ERROR_NOT_SUPPORTED, "", "Cannot restore our entries in the 32-bit catalog alone",
                                   "Install again with both DLLs.");
        }
    }
    if (outcome) outcome = restore_order(native_architecture, snapshot.native);
    if (outcome && snapshot.other) outcome = restore_order(Architecture::ia32, *snapshot.other);
    return outcome;
}

// Whether each chain that was added stands on what was planned, or on what stands in for a base provider meanwhile.
Outcome check_places(const CatalogPlan& plan, const Catalog& catalog) {
    for (const WSAPROTOCOL_INFOW& lower : plan.lowers) {
        for (const CatalogEntry& chain : catalog) {
            if (plan.added.empty() || !chain.ours || !chain.is_chain() || !same_protocol(chain.info, lower)) continue;
            const bool placed = std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
                const bool wanted = entry.info.dwCatalogEntryId == lower.dwCatalogEntryId;
                return (wanted || is_stand_in(entry.info.ProviderId)) && stands_on(chain.info, entry.info);
            });
            if (!placed) {
                return vanished(concat({bits_of(plan.architecture), " catalog: chain ", chain.info.dwCatalogEntryId,
                                        " does not stand on entry ", lower.dwCatalogEntryId}));
            }
        }
    }
    return Done{};
}

}  // namespace

Result<Catalog> read_with_paths(Architecture architecture) {
    auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog;
    const bool whole =
        std::all_of(catalog->begin(), catalog->end(), [](const CatalogEntry& entry) { return entry.path_error == 0; });
    return whole ? std::move(catalog) : enumerate_catalog(architecture);
}

Result<Snapshot> take_snapshot() {
    Snapshot snapshot;
    auto native = read_with_paths(native_architecture);
    if (!native) return native.error();
    snapshot.native = std::move(*native);
    if (native_architecture == Architecture::x64 && has_catalog(Architecture::ia32)) {
        auto other = read_with_paths(Architecture::ia32);
        if (!other) return other.error();
        snapshot.other = std::move(*other);
    }
    return snapshot;
}

Outcome check_elevated(std::string_view attempt) {
    if (is_elevated()) return Done{};
    return system_error(ERROR_ACCESS_DENIED, "", concat({attempt, ": this process is not elevated"}),
                        "Run it from an elevated prompt.");
}

Outcome remove_entries(Architecture architecture, const Catalog& ours) {
    std::vector<GUID> done;
    for (const CatalogEntry& entry : ours) {
        const GUID& id = entry.info.ProviderId;
        if (std::any_of(done.begin(), done.end(), [&](const GUID& other) { return same_guid(other, id); })) continue;
        if (const int error = deinstall(architecture, id)) {
            return wsc_error(error, "WSCDeinstallProvider", architecture,
                             concat({"Cannot remove entry ", entry.info.dwCatalogEntryId, " \"", entry.info.szProtocol,
                                     "\" from the ", bits_of(architecture), " catalog"}));
        }
        done.push_back(id);
    }
    return Done{};
}

Outcome carry_out(const Plan& plan, const InstallOptions& options) {
    Outcome outcome = Done{};
    for (const CatalogPlan& catalog : plan.catalogs) {
        if (outcome) outcome = remove_entries(catalog.architecture, catalog.removed);
    }
    const CatalogPlan& native = plan.catalogs.front();
    if (outcome && !native.added.empty())
        outcome = plan.catalogs.size() > 1 ? add_to_both(options, native.lowers) : add_step_by_step(native);
    for (const CatalogPlan& catalog : plan.catalogs) {
        if (outcome && (catalog.reorders || !catalog.added.empty())) outcome = put_in_order(catalog);
    }
    return outcome;
}

Outcome check_entries(const Plan& plan, const InstallOptions& options) {
    for (const CatalogPlan& wanted : plan.catalogs) {
        const auto catalog = enumerate_catalog(wanted.architecture);
        if (!catalog) return catalog.error();
        for (const CatalogEntry& entry : *catalog) {
            if (!entry.ours || entry.path_error == 0) continue;
            return wsc_error(static_cast<int>(entry.path_error), "WSCGetProviderPath", wanted.architecture,
                             concat({"Cannot read back the path of entry ", entry.info.dwCatalogEntryId, " \"",
                                     entry.info.szProtocol, "\" of the ", bits_of(wanted.architecture), " catalog"}));
        }
        const std::wstring& path = wanted.architecture == native_architecture ? options.dll : options.dll32;
        const std::string fault = installation_fault(*catalog, path, wanted.lowers);
        if (!fault.empty()) return vanished(concat({bits_of(wanted.architecture), " catalog: ", fault}));
        if (const Outcome outcome = check_places(wanted, *catalog); !outcome) return outcome;
    }
    return Done{};
}

Outcome check_dependents(const Snapshot& snapshot, const char* attempt) {
    std::vector<std::wstring> names = dependents(snapshot.native);
    if (snapshot.other) {
        const std::vector<std::wstring> more = dependents(*snapshot.other);
        names.insert(names.end(), more.begin(), more.end());
    }
    if (names.empty()) return Done{};
    std::string list;
    for (const std::wstring& name : names) list += concat({list.empty() ? "\"" : ", \"", name, "\""});
    return own_error("ERR_OTHERS_DEPEND", concat({attempt, ": chains of other providers stand on it: ", list,
                                                  ". Remove those providers first."}));
}

std::string roll_back(const Snapshot& snapshot, const std::wstring& backup) {
    const CancelScope never(nullptr);
    const Outcome outcome = restore(snapshot);
    const std::string became =
        outcome ? " The catalog is as it was before."
                : concat({" And the catalog could not be put back as it was: ", outcome.error().message});
    return concat({became, " A copy of it is in ", backup, "."});
}

}  // namespace lsp::setup
