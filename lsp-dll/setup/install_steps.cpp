#include "install_steps.hpp"

#include <algorithm>

#include "../system/catalog_functions.hpp"
#include "../system/system_function.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"
#include "catalog_changes.hpp"

namespace lsp::setup {
namespace {

// RtlGenRandom, by the name under which ADVAPI32 exports it (Windows XP).
constinit SystemFunction<BOOLEAN WINAPI(void*, ULONG)> random_bytes{SystemLibrary::advapi32, "SystemFunction036"};

Error wsc_error(int error, const char* native_name, Architecture architecture, std::string_view attempt) {
    if (error == cancelled_error) return cancelled(attempt);
    const bool denied = error == WSAEACCES || error == ERROR_ACCESS_DENIED;
    return system_error(static_cast<std::uint32_t>(error), function_name(native_name, architecture), attempt,
                        denied ? "Run it from an elevated prompt." : "");
}

const char* catalog_name(Architecture architecture) { return architecture == Architecture::x64 ? "64-bit" : "32-bit"; }

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
Outcome add_step_by_step(const InstallOptions& options) {
    constexpr Architecture architecture = native_architecture;
    auto catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    const Infos lowers = lower_entries(*catalog);
    const std::string attempt =
        concat({"Cannot put the layered entry \"", options.name, "\" into the protocol catalog"});
    if (const int error = install(provider_guid, options.dll, {layered_entry(lowers.front(), options.name)})) {
        return wsc_error(error, "WSCInstallProvider", architecture, attempt);
    }
    catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    const CatalogEntry* const layered = find_layered(*catalog);
    if (layered == nullptr) return vanished("the layered entry is missing");

    for (const WSAPROTOCOL_INFOW& lower : lowers) {
        const std::string attempt_chain = concat({"Cannot put a chain over \"", lower.szProtocol, "\""});
        auto chain = chain_entry(lower, layered->info.dwCatalogEntryId, options.name);
        if (!chain) {
            return own_error("ERR_CHAIN_TOO_LONG", concat({attempt_chain,
                                                           ": it has as many layers as a chain can have. Remove "
                                                           "another layered provider."}));
        }
        if (!fresh_guid(chain->ProviderId)) {
            return system_error(ERROR_CALL_NOT_IMPLEMENTED, random_bytes.name(), "Cannot make a provider id");
        }
        const GUID id = chain->ProviderId;
        if (const int error = install(id, options.dll, {*chain})) {
            return wsc_error(error, "WSCInstallProvider", architecture, attempt_chain);
        }
    }
    catalog = enumerate_catalog();
    if (!catalog) return catalog.error();
    if (const int error = write_order(architecture, order_with_ours_first(*catalog))) {
        return wsc_error(error, "WSCWriteProviderOrder", architecture, "Cannot put our chains first in the catalog");
    }
    return Done{};
}

// The protocols that both catalogs have: the call below wants every one of them in both.
Infos common_protocols(const Catalog& native, const Catalog& other) {
    Infos common = lower_entries(native);
    const Infos others = lower_entries(other);
    std::erase_if(common, [&](const WSAPROTOCOL_INFOW& info) {
        return std::none_of(others.begin(), others.end(),
                            [&](const WSAPROTOCOL_INFOW& candidate) { return same_protocol(candidate, info); });
    });
    return common;
}

// It may leave chains below others' (they were there before), which only the order can mend.
Outcome put_first(Architecture architecture) {
    auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog.error();
    const std::vector<DWORD> order = order_with_ours_first(*catalog);
    if (order == order_of(*catalog)) return Done{};
    if (const int error = write_order(architecture, order)) {
        return wsc_error(error, "WSCWriteProviderOrder", architecture, "Cannot put our chains first in the catalog");
    }
    return Done{};
}

Outcome add_to_both(const InstallOptions& options) {
    auto snapshot = take_snapshot();
    if (!snapshot) return snapshot.error();
    if (!snapshot->other)
        return system_error(ERROR_NOT_SUPPORTED, "WSCEnumProtocols32", "Cannot read the 32-bit catalog");
    const Infos protocols = common_protocols(snapshot->native, *snapshot->other);
    if (protocols.empty()) {
        return own_error("ERR_NO_LOWER_PROVIDER",
                         "Cannot install the provider: the two protocol catalogs have no TCP, UDP or RAW provider in "
                         "common. Repair the catalog with: netsh winsock reset");
    }
    if (const int error = install_with_chains(provider_guid, options, XP1_IFS_HANDLES, protocols)) {
        return wsc_error(error, "WSCInstallProviderAndChains64_32", native_architecture,
                         concat({"Cannot put the provider \"", options.name, "\" into the protocol catalogs"}));
    }
    Outcome outcome = put_first(Architecture::x64);
    return outcome ? put_first(Architecture::ia32) : outcome;
}

Outcome check_catalog(Architecture architecture, const std::wstring& path) {
    const auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog.error();
    for (const CatalogEntry& entry : *catalog) {
        if (!entry.ours || entry.path_error == 0) continue;
        return wsc_error(static_cast<int>(entry.path_error), "WSCGetProviderPath", architecture,
                         concat({"Cannot read back the path of entry ", entry.info.dwCatalogEntryId, " \"",
                                 entry.info.szProtocol, "\" of the ", catalog_name(architecture), " catalog"}));
    }
    const std::string fault = installation_fault(*catalog, path);
    if (fault.empty()) return Done{};
    return vanished(concat({catalog_name(architecture), " catalog: ", fault}));
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
    if (native_differs) outcome = remove_entries(native_architecture);
    if (other_differs) {
        const Outcome second = remove_entries(Architecture::ia32);
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
        outcome = add_entries(earlier);
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

}  // namespace

namespace {

// The paths are what the backup, and going back, rest on: one that could not be read is asked for once more.
Result<Catalog> read_with_paths(Architecture architecture) {
    auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog;
    const bool whole =
        std::all_of(catalog->begin(), catalog->end(), [](const CatalogEntry& entry) { return entry.path_error == 0; });
    return whole ? std::move(catalog) : enumerate_catalog(architecture);
}

}  // namespace

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

Outcome remove_entries(Architecture architecture, std::vector<DWORD>* removed) {
    const auto catalog = enumerate_catalog(architecture);
    if (!catalog) return catalog.error();
    std::vector<GUID> done;
    for (const bool chains : {true, false}) {
        for (const CatalogEntry& entry : *catalog) {
            const GUID& id = entry.info.ProviderId;
            const bool last = InlineIsEqualGUID(id, provider_guid) != 0;
            if (!entry.ours || last == chains) continue;
            const bool again =
                std::any_of(done.begin(), done.end(), [&](const GUID& other) { return InlineIsEqualGUID(other, id); });
            if (!again) {
                if (const int error = deinstall(architecture, id)) {
                    return wsc_error(
                        error, "WSCDeinstallProvider", architecture,
                        concat({"Cannot remove entry ", entry.info.dwCatalogEntryId, " \"", entry.info.szProtocol,
                                "\" from the ", catalog_name(architecture), " catalog"}));
                }
                done.push_back(id);
            }
            if (removed != nullptr) removed->push_back(entry.info.dwCatalogEntryId);
        }
    }
    return Done{};
}

Outcome add_entries(const InstallOptions& options) {
    return options.dll32.empty() ? add_step_by_step(options) : add_to_both(options);
}

Outcome check_entries(const InstallOptions& options) {
    Outcome outcome = check_catalog(native_architecture, options.dll);
    if (outcome && !options.dll32.empty()) outcome = check_catalog(Architecture::ia32, options.dll32);
    return outcome;
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

std::string roll_back(const Snapshot& snapshot) {
    const CancelScope never(nullptr);
    const Outcome outcome = restore(snapshot);
    return outcome ? " The catalog is as it was before."
                   : concat({" And the catalog could not be put back as it was: ", outcome.error().message});
}

}  // namespace lsp::setup
