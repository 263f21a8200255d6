#include "catalog_plan.hpp"

#include <algorithm>
#include <cwchar>

#include "../system/text.hpp"

namespace lsp::setup {

namespace {

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

// A lower entry of a wanted protocol: not a layered one, not somebody's special door.
bool can_stand_on(const CatalogEntry& entry) noexcept {
    return !entry.ours && !entry.is_layered() && entry.info.ProtocolChain.ChainLen > 0 &&
           (entry.info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && (entry.info.dwProviderFlags & network_direct) == 0;
}

}  // namespace

Infos lower_entries(const Catalog& catalog) {
    Infos found;
    for (const WantedProtocol& wanted : wanted_protocols) {
        for (const CatalogEntry& entry : catalog) {
            if (!is(entry.info, wanted) || !can_stand_on(entry)) continue;
            found.push_back(entry.info);
            break;
        }
    }
    return found;
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
    std::vector<DWORD> order;
    for (const bool first : {true, false}) {
        for (const CatalogEntry& entry : catalog) {
            if ((entry.ours && entry.is_chain()) == first) order.push_back(entry.info.dwCatalogEntryId);
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

std::string installation_fault(const Catalog& catalog, const std::wstring& path) {
    const Infos infos = infos_of(catalog);
    const Infos lowers = lower_entries(catalog);
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

    for (const WSAPROTOCOL_INFOW& lower : lowers) {
        // The first entry of the protocol is what programs get: ours, or a chain that another provider has built over
        // it.
        const auto first = std::find_if(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
            return !entry.is_layered() && same_protocol(entry.info, lower);
        });
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
