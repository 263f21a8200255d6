#include "protocol_chains.hpp"

#include <algorithm>

namespace lsp::system {

// A random (version 4) GUID, fixed for good: it is how every version of ours is recognised in a catalog.
constexpr GUID our_guid = {0x7d0b5e0c, 0x3c5f, 0x4d8e, {0x9a, 0x41, 0x6e, 0x2b, 0xd7, 0x18, 0xf3, 0xa6}};
const GUID provider_guid = our_guid;

bool same_guid(const GUID& a, const GUID& b) noexcept { return InlineIsEqualGUID(a, b) != 0; }

bool is_our_layered(const WSAPROTOCOL_INFOW& info) noexcept {
    return info.ProtocolChain.ChainLen == LAYERED_PROTOCOL && same_guid(info.ProviderId, provider_guid);
}

bool is_our_id(Entries entries, DWORD id) noexcept {
    const WSAPROTOCOL_INFOW* const entry = find_entry(entries, id);
    if (entry == nullptr) return false;
    if (is_our_layered(*entry)) return true;
    const auto ids = ids_in_chain(*entry);
    if (ids.size() < 2) return false;
    const WSAPROTOCOL_INFOW* const top = find_entry(entries, ids.front());
    return top != nullptr && is_our_layered(*top);
}

const WSAPROTOCOL_INFOW* find_entry(Entries entries, DWORD id) noexcept {
    for (const WSAPROTOCOL_INFOW& info : entries) {
        if (info.dwCatalogEntryId == id) return &info;
    }
    return nullptr;
}

std::span<const DWORD> ids_in_chain(const WSAPROTOCOL_INFOW& info) noexcept {
    const int length = std::clamp(info.ProtocolChain.ChainLen, 0, MAX_PROTOCOL_CHAIN);
    return {info.ProtocolChain.ChainEntries, static_cast<std::size_t>(length)};
}

bool same_protocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) noexcept {
    return a.iAddressFamily == b.iAddressFamily && a.iSocketType == b.iSocketType && a.iProtocol == b.iProtocol;
}

std::optional<LowerChoice> choose_base(const WSAPROTOCOL_INFOW& chain, Entries infos) noexcept {
    for (const WSAPROTOCOL_INFOW& info : infos) {
        if (info.ProtocolChain.ChainLen == BASE_PROTOCOL && same_protocol(info, chain) &&
            (info.dwProviderFlags & network_direct) == 0) {
            return LowerChoice{&info, &info};
        }
    }
    return std::nullopt;
}

std::optional<LowerChoice> choose_lower(const WSAPROTOCOL_INFOW& chain, Entries infos) noexcept {
    const auto ids = ids_in_chain(chain);
    std::size_t next = ids.size();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (is_our_id(infos, ids[i])) {
            next = i + 1;
            break;
        }
    }
    // Our layered entry was deleted under its chain: we were called as the chain's top.
    if (next == ids.size() && ids.size() > 1 && find_entry(infos, ids.front()) == nullptr) next = 1;

    // A missing entry is stepped over, and so is one of ours: standing on ourselves would never end.
    for (; next < ids.size(); ++next) {
        const WSAPROTOCOL_INFOW* const entry = find_entry(infos, ids[next]);
        if (entry == nullptr || is_our_id(infos, ids[next])) continue;
        const bool layered = entry->ProtocolChain.ChainLen == LAYERED_PROTOCOL;
        return LowerChoice{entry, layered ? &chain : entry};
    }
    return choose_base(chain, infos);
}

}  // namespace lsp::system
