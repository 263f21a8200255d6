#include "catalog_plan.hpp"

#include <algorithm>
#include <cwchar>

#include "../system/text.hpp"

namespace lsp::setup {

namespace {

constexpr unsigned char stand_in_mark[8] = {0xb1, 0x5e, 0x2d, 0x0c, 0x93, 0x47, 0xe8, 0x6a};

struct WantedProtocol {
    int family, type, protocol;
};
constexpr WantedProtocol wanted_protocols[] = {
    {AF_INET, SOCK_STREAM, IPPROTO_TCP},  {AF_INET, SOCK_DGRAM, IPPROTO_UDP},  {AF_INET, SOCK_RAW, 0},
    {AF_INET6, SOCK_STREAM, IPPROTO_TCP}, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP}, {AF_INET6, SOCK_RAW, 0},
};

bool is(const WSAPROTOCOL_INFOW& info, const WantedProtocol& wanted) noexcept {
    return info.iAddressFamily == wanted.family && info.iSocketType == wanted.type && info.iProtocol == wanted.protocol;
}

bool contains(const std::vector<DWORD>& ids, DWORD id) noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void set_name(WSAPROTOCOL_INFOW& info, const std::wstring& name) {
    const std::size_t length = name.copy(info.szProtocol, WSAPROTOCOL_LEN);
    info.szProtocol[length] = L'\0';
}

// A lower entry of a wanted protocol: not a layered one, not somebody's special door, not what is left of an LSP.
bool can_stand_on(const CatalogEntry& entry, const Infos& infos) {
    return !entry.ours && !entry.is_layered() && entry.info.ProtocolChain.ChainLen > 0 &&
           (entry.info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && (entry.info.dwProviderFlags & network_direct) == 0 &&
           !missing_part(entry.info, infos);
}

bool is_chosen(const WantedProtocol& wanted, const Over& over) noexcept {
    switch (wanted.type) {
        case SOCK_STREAM: return over.tcp;
        case SOCK_DGRAM: return over.udp;
        default: return over.raw;
    }
}

// By id, if that is how it was chosen.
const CatalogEntry* lower_entry(const Catalog& catalog, const WantedProtocol& wanted, const Over& over) {
    const CatalogEntry* topmost = nullptr;
    const Infos infos = infos_of(catalog);
    for (const CatalogEntry& entry : catalog) {
        if (!is(entry.info, wanted) || !can_stand_on(entry, infos)) continue;
        if (contains(over.ids, entry.info.dwCatalogEntryId)) return &entry;
        if (topmost == nullptr || (is_stand_in(topmost->info.ProviderId) && !is_stand_in(entry.info.ProviderId)))
            topmost = &entry;
    }
    return is_chosen(wanted, over) ? topmost : nullptr;
}

}  // namespace

GUID stand_in_for(const GUID& provider) noexcept {
    GUID id = provider;
    std::copy(std::begin(stand_in_mark), std::end(stand_in_mark), std::begin(id.Data4));
    return id;
}

bool is_stand_in(const GUID& provider) noexcept { return same_guid(provider, stand_in_for(provider)); }

std::optional<DWORD> missing_part(const WSAPROTOCOL_INFOW& info, const Infos& infos) {
    if (info.ProtocolChain.ChainLen <= BASE_PROTOCOL) return std::nullopt;
    for (const DWORD id : chain_ids(info)) {
        if (find_entry(infos, id) == nullptr) return id;
    }
    return std::nullopt;
}

Infos lower_entries(const Catalog& catalog, const Over& over) {
    Infos found;
    for (const WantedProtocol& wanted : wanted_protocols) {
        if (const CatalogEntry* const entry = lower_entry(catalog, wanted, over)) found.push_back(entry->info);
    }
    return found;
}

const CatalogEntry* topmost_entry(const Catalog& catalog, const WSAPROTOCOL_INFOW& protocol) {
    for (const CatalogEntry& entry : catalog) {
        const bool passed_over = entry.ours || entry.is_layered() || is_stand_in(entry.info.ProviderId) ||
                                 (entry.info.dwProviderFlags & network_direct) != 0;
        if (!passed_over && same_protocol(entry.info, protocol)) return &entry;
    }
    return nullptr;
}

bool stands_on(const WSAPROTOCOL_INFOW& chain, const WSAPROTOCOL_INFOW& lower) {
    std::vector<DWORD> rest = chain_ids(chain);
    if (rest.empty()) return false;
    rest.erase(rest.begin());
    if (!rest.empty() && rest.front() == lower.dwCatalogEntryId) return true;
    return lower.ProtocolChain.ChainLen > 1 && rest == chain_ids(lower);
}

Infos of_same_protocols(Infos infos, const Infos& others) {
    std::erase_if(infos, [&](const WSAPROTOCOL_INFOW& info) {
        return std::none_of(others.begin(), others.end(),
                            [&](const WSAPROTOCOL_INFOW& other) { return same_protocol(other, info); });
    });
    return infos;
}

Outcome check_choice(const Catalog& catalog, const Over& over) {
    const Infos infos = infos_of(catalog);
    std::vector<const WSAPROTOCOL_INFOW*> chosen;
    for (const DWORD id : over.ids) {
        const std::string attempt = concat({"Cannot install the provider over entry ", id});
        const auto entry = std::find_if(catalog.begin(), catalog.end(), [id](const CatalogEntry& candidate) {
            return candidate.info.dwCatalogEntryId == id;
        });
        if (entry == catalog.end()) {
            return own_error("ERR_UNKNOWN_ENTRY", concat({attempt,
                                                          ": the protocol catalog has no such entry. Choose one "
                                                          "that `winsock-lsp list` shows."}));
        }
        const auto refuse = [&](std::string_view why) {
            return own_error("ERR_INVALID_CHOICE", concat({attempt, ": ", why}));
        };
        if (entry->ours) return refuse("it is our own. Choose what it stands on.");
        if (entry->is_layered()) return refuse("it is the hidden entry of a layered provider. Choose a chain of it.");
        const bool wanted = std::any_of(std::begin(wanted_protocols), std::end(wanted_protocols),
                                        [&](const WantedProtocol& protocol) { return is(entry->info, protocol); });
        if (!wanted) return refuse("it is neither TCP nor UDP nor RAW over IPv4 or IPv6.");
        if (const auto missing = missing_part(entry->info, infos)) {
            return refuse(concat({"its chain names entry ", *missing, ", which does not exist."}));
        }
        if (!can_stand_on(*entry, infos)) return refuse("it does not have IFS handles.");
        for (const WSAPROTOCOL_INFOW* const other : chosen) {
            if (!same_protocol(*other, entry->info)) continue;
            return refuse(
                concat({"entry ", other->dwCatalogEntryId, " is for the same protocol. Choose one of them."}));
        }
        chosen.push_back(&entry->info);
    }
    return Done{};
}

WSAPROTOCOL_INFOW layered_entry(const WSAPROTOCOL_INFOW& lower, const std::wstring& name) {
    WSAPROTOCOL_INFOW info = lower;
    info.ProviderId = provider_guid;
    info.dwCatalogEntryId = 0;
    info.dwServiceFlags1 |= XP1_IFS_HANDLES;
    info.dwProviderFlags |= PFL_HIDDEN;
    info.ProtocolChain = WSAPROTOCOLCHAIN{};
    info.ProtocolChain.ChainLen = LAYERED_PROTOCOL;
    set_name(info, name);
    return info;
}

std::optional<WSAPROTOCOL_INFOW> chain_entry(const WSAPROTOCOL_INFOW& lower, DWORD layered_id,
                                             const std::wstring& name) {
    // As Microsoft's sample installer does, what is right below us is named by its own id, which is that of a chain
    // where another LSP is: we start that one as what it is in its own chain. Simple LSPs take the second id for what
    // is below them, and would find themselves there. The other one's hidden entry, the chain's first, gives up its
    // place.
    std::vector<DWORD> ids = chain_ids(lower);
    if (ids.empty()) ids.resize(1);
    ids.front() = lower.dwCatalogEntryId;
    ids.insert(ids.begin(), layered_id);
    if (ids.size() > MAX_PROTOCOL_CHAIN) return std::nullopt;

    // What programs see of the protocol stays as it is without us, whether the entry is hidden (RAW) included.
    WSAPROTOCOL_INFOW info = lower;
    info.ProviderId = GUID{};
    info.dwCatalogEntryId = 0;
    info.ProtocolChain = WSAPROTOCOLCHAIN{};
    info.ProtocolChain.ChainLen = static_cast<int>(ids.size());
    std::copy(ids.begin(), ids.end(), info.ProtocolChain.ChainEntries);
    set_name(info, name + L" over [" + lower.szProtocol + L"]");
    return info;
}

std::vector<DWORD> order_of(const Catalog& catalog) {
    std::vector<DWORD> order;
    for (const CatalogEntry& entry : catalog) order.push_back(entry.info.dwCatalogEntryId);
    return order;
}

std::vector<DWORD> order_with_ours_first(const Catalog& catalog) {
    const Infos infos = infos_of(catalog);
    const auto through_us = [&](const CatalogEntry& entry) {
        const std::vector<DWORD> ids = chain_ids(entry.info);
        return entry.is_chain() &&
               (entry.ours || std::any_of(ids.begin(), ids.end(), [&](DWORD id) { return is_our_id(infos, id); }));
    };
    std::vector<DWORD> order;
    for (const bool first : {true, false}) {
        for (const CatalogEntry& entry : catalog) {
            if (through_us(entry) == first) order.push_back(entry.info.dwCatalogEntryId);
        }
    }
    return order;
}

std::vector<DWORD> order_as_before(const Catalog& catalog, const Catalog& before) {
    std::vector<DWORD> order;
    for (const CatalogEntry& old : before) {
        for (const CatalogEntry& entry : catalog) {
            const bool same = entry.info.dwCatalogEntryId == old.info.dwCatalogEntryId ||
                              (entry.ours && old.ours && same_guid(entry.info.ProviderId, old.info.ProviderId));
            if (same && !contains(order, entry.info.dwCatalogEntryId)) order.push_back(entry.info.dwCatalogEntryId);
        }
    }
    std::vector<DWORD> first;
    for (const CatalogEntry& entry : catalog) {
        const DWORD id = entry.info.dwCatalogEntryId;
        if (contains(order, id)) continue;
        (entry.ours && entry.is_chain() ? first : order).push_back(id);
    }
    order.insert(order.begin(), first.begin(), first.end());
    return order;
}

std::string installation_fault(const Catalog& catalog, const std::wstring& path, const Over& over) {
    for (const DWORD id : over.ids) {
        if (find_entry(infos_of(catalog), id) == nullptr) {
            return concat({"entry ", id, ", over which it was to be, does not exist"});
        }
    }
    if (const std::string fault = installation_fault(catalog, path, lower_entries(catalog, over)); !fault.empty()) {
        return fault;
    }
    for (const CatalogEntry& lower : catalog) {
        if (!contains(over.ids, lower.info.dwCatalogEntryId)) continue;
        const bool carried = std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
            return entry.ours && entry.is_chain() && stands_on(entry.info, lower.info);
        });
        if (!carried) return concat({"no chain stands on entry ", lower.info.dwCatalogEntryId, ", which was chosen"});
    }
    return {};
}

std::string installation_fault(const Catalog& catalog, const std::wstring& path, const Infos& lowers) {
    const Infos infos = infos_of(catalog);
    if (lowers.empty()) return "it has no TCP, UDP or RAW provider to stand on";

    const CatalogEntry* layered = nullptr;
    for (const CatalogEntry& entry : catalog) {
        if (is_our_layered(entry.info)) layered = &entry;
        if (!entry.ours) continue;
        const std::wstring& expected = !path.empty() ? path : layered != nullptr ? layered->path : entry.path;
        if (_wcsicmp(entry.path.c_str(), expected.c_str()) != 0) {
            return concat({"entry ", entry.info.dwCatalogEntryId, " has the path ", entry.path});
        }
        for (const DWORD id : chain_ids(entry.info)) {
            if (entry.is_chain() && find_entry(infos, id) == nullptr) {
                return concat({"chain ", entry.info.dwCatalogEntryId, " names entry ", id, ", which does not exist"});
            }
        }
    }
    if (layered == nullptr) return "the layered entry is missing";

    std::vector<const WSAPROTOCOL_INFOW*> seen;
    for (const CatalogEntry& entry : catalog) {
        if (!entry.ours || !entry.is_chain()) continue;
        const auto same = [&](const WSAPROTOCOL_INFOW& other) { return same_protocol(other, entry.info); };
        if (std::none_of(lowers.begin(), lowers.end(), same)) {
            return concat({"chain ", entry.info.dwCatalogEntryId, " is over a protocol that was not chosen"});
        }
        if (std::any_of(seen.begin(), seen.end(), [&](const WSAPROTOCOL_INFOW* other) { return same(*other); })) {
            return concat({"chain ", entry.info.dwCatalogEntryId, " is the second one over its protocol"});
        }
        seen.push_back(&entry.info);
    }

    for (const WSAPROTOCOL_INFOW& lower : lowers) {
        // The first entry of the protocol is what programs get: ours, or a chain that another provider has built over
        // it.
        const auto first = std::find_if(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
            return !entry.is_layered() && same_protocol(entry.info, lower);
        });
        if (first == catalog.end()) return concat({"\"", lower.szProtocol, "\" is missing"});
        const std::vector<DWORD> ids = chain_ids(first->info);
        const bool through_us =
            first->ours || std::any_of(ids.begin(), ids.end(), [&](DWORD id) { return is_our_id(infos, id); });
        if (!through_us) {
            return concat(
                {"the first entry for the protocol of \"", lower.szProtocol, "\" is \"", first->info.szProtocol, "\""});
        }
        if (first->ours && (first->info.dwServiceFlags1 & XP1_IFS_HANDLES) == 0) {
            return concat({"chain ", first->info.dwCatalogEntryId, " does not have IFS handles"});
        }
    }
    return {};
}

std::optional<Catalog> reordered(const Catalog& catalog, const std::wstring& path, const Infos& lowers) {
    for (const WSAPROTOCOL_INFOW& lower : lowers) {
        const bool carried = std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
            return entry.ours && entry.is_chain() && stands_on(entry.info, lower);
        });
        if (!carried) return std::nullopt;
    }
    std::vector<DWORD> order = order_with_ours_first(catalog);
    // Ours among themselves as an installation makes them.
    std::vector<DWORD> ours, wanted;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours && entry.is_chain()) ours.push_back(entry.info.dwCatalogEntryId);
    }
    for (const WSAPROTOCOL_INFOW& lower : lowers) {
        for (const CatalogEntry& entry : catalog) {
            if (entry.ours && entry.is_chain() && same_protocol(entry.info, lower))
                wanted.push_back(entry.info.dwCatalogEntryId);
        }
    }
    if (wanted.size() != ours.size()) return std::nullopt;
    auto next = wanted.begin();
    for (DWORD& id : order) {
        if (contains(ours, id) && next != wanted.end()) id = *next++;
    }
    std::vector<DWORD> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
    Catalog result;
    for (const DWORD id : order) {
        const auto entry = std::find_if(catalog.begin(), catalog.end(),
                                        [id](const CatalogEntry& each) { return each.info.dwCatalogEntryId == id; });
        result.push_back(*entry);
    }
    if (!installation_fault(result, path, lowers).empty()) return std::nullopt;
    return result;
}

std::vector<std::wstring> dependents(const Catalog& catalog) {
    std::vector<DWORD> our_ids;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours) our_ids.push_back(entry.info.dwCatalogEntryId);
    }
    std::vector<std::wstring> names;
    for (const CatalogEntry& entry : catalog) {
        if (entry.ours || !entry.is_chain()) continue;
        const std::vector<DWORD> ids = chain_ids(entry.info);
        if (std::any_of(ids.begin(), ids.end(), [&](DWORD id) { return contains(our_ids, id); })) {
            names.emplace_back(entry.info.szProtocol);
        }
    }
    return names;
}

}  // namespace lsp::setup
