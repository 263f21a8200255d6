#include "chains.hpp"

#include <algorithm>
#include <cwchar>

namespace lsp::system {

// A random (version 4) GUID, fixed for good: it is how every version of ours is recognised in a catalog.
constexpr GUID our_guid = {0x7d0b5e0c, 0x3c5f, 0x4d8e, {0x9a, 0x41, 0x6e, 0x2b, 0xd7, 0x18, 0xf3, 0xa6}};
const GUID provider_guid = our_guid;

namespace {

bool ends_with_our_dll(const std::wstring& path) noexcept {
    for (const wchar_t* name : {L"\\winsock-lsp.dll", L"\\winsock-lsp-ia32.dll"}) {
        const std::size_t length = std::wcslen(name);
        if (path.size() > length && _wcsicmp(path.c_str() + path.size() - length, name) == 0) return true;
    }
    return false;
}

bool has_our_name(const WSAPROTOCOL_INFOW& info) noexcept {
    const std::size_t length = std::wcslen(default_provider_name);
    return std::wcsncmp(info.szProtocol, default_provider_name, length) == 0;
}

}  // namespace

bool same_guid(const GUID& a, const GUID& b) noexcept { return InlineIsEqualGUID(a, b) != 0; }

bool is_our_layered(const WSAPROTOCOL_INFOW& info) noexcept {
    return info.ProtocolChain.ChainLen == LAYERED_PROTOCOL && same_guid(info.ProviderId, provider_guid);
}

bool is_our_id(const Infos& infos, DWORD id) {
    const WSAPROTOCOL_INFOW* const entry = find_entry(infos, id);
    if (entry == nullptr) return false;
    if (is_our_layered(*entry)) return true;
    const std::vector<DWORD> ids = chain_ids(*entry);
    if (ids.size() < 2) return false;
    const WSAPROTOCOL_INFOW* const top = find_entry(infos, ids.front());
    return top != nullptr && is_our_layered(*top);
}

Infos infos_of(const Catalog& catalog) {
    Infos infos;
    for (const CatalogEntry& entry : catalog) infos.push_back(entry.info);
    return infos;
}

const WSAPROTOCOL_INFOW* find_entry(const Infos& infos, DWORD id) noexcept {
    for (const WSAPROTOCOL_INFOW& info : infos) {
        if (info.dwCatalogEntryId == id) return &info;
    }
    return nullptr;
}

std::vector<DWORD> chain_ids(const WSAPROTOCOL_INFOW& info) {
    const int length = std::clamp(info.ProtocolChain.ChainLen, 0, MAX_PROTOCOL_CHAIN);
    return std::vector<DWORD>(info.ProtocolChain.ChainEntries, info.ProtocolChain.ChainEntries + length);
}

bool same_protocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) noexcept {
    return a.iAddressFamily == b.iAddressFamily && a.iSocketType == b.iSocketType && a.iProtocol == b.iProtocol;
}

void mark_ours(Catalog& catalog) {
    const Infos infos = infos_of(catalog);
    for (CatalogEntry& entry : catalog) {
        entry.ours = same_guid(entry.info.ProviderId, provider_guid);
        const std::vector<DWORD> ids = chain_ids(entry.info);
        if (entry.ours || !entry.is_chain() || ids.empty()) continue;
        const WSAPROTOCOL_INFOW* const top = find_entry(infos, ids.front());
        entry.ours = top != nullptr ? is_our_layered(*top) : has_our_name(entry.info) || ends_with_our_dll(entry.path);
    }
}

std::optional<LowerChoice> choose_base(const WSAPROTOCOL_INFOW& chain, const Infos& infos) {
    for (const WSAPROTOCOL_INFOW& info : infos) {
        if (info.ProtocolChain.ChainLen == BASE_PROTOCOL && same_protocol(info, chain) &&
            (info.dwProviderFlags & network_direct) == 0) {
            return LowerChoice{&info, &info};
        }
    }
    return std::nullopt;
}

std::optional<LowerChoice> choose_lower(const WSAPROTOCOL_INFOW& chain, const Infos& infos) {
    const std::vector<DWORD> ids = chain_ids(chain);
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
