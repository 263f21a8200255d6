#include "catalog.h"

#include <ntsecapi.h>

#include <algorithm>

namespace test_winsock {
namespace {
// A random GUID (RFC 4122, section 4.4). Not CoCreateGuid: ole32.dll does not belong into every process.
bool createGuid(GUID& guid) {
    if (!RtlGenRandom(&guid, sizeof guid)) return false;
    guid.Data3 = static_cast<WORD>((guid.Data3 & 0x0fff) | 0x4000);
    guid.Data4[0] = static_cast<BYTE>((guid.Data4[0] & 0x3f) | 0x80);
    return true;
}

bool sameProtocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) {
    return a.iAddressFamily == b.iAddressFamily && a.iSocketType == b.iSocketType && a.iProtocol == b.iProtocol;
}

bool hasName(const ProtocolCatalog& catalog, const std::wstring& name) {
    return std::any_of(catalog.begin(), catalog.end(),
                       [&](const CatalogEntry& entry) { return name == entry.info.szProtocol; });
}

// The entries that new chains are laid over; each {family, type, protocol} once.
std::vector<const CatalogEntry*> lowerEntries(const ProtocolCatalog& catalog,
                                              const std::vector<WSAPROTOCOL_INFOW>& wanted) {
    std::vector<const CatalogEntry*> found;
    auto addOnce = [&](const CatalogEntry& entry) {
        for (const CatalogEntry* known : found)
            if (sameProtocol(known->info, entry.info)) return;
        found.push_back(&entry);
    };
    if (wanted.empty()) {
        for (const CatalogEntry& entry : catalog)
            if (entry.info.ProtocolChain.ChainLen == BASE_PROTOCOL) addOnce(entry);
        return found;
    }
    for (const WSAPROTOCOL_INFOW& protocol : wanted)
        for (const CatalogEntry& entry : catalog)
            if (entry.info.ProtocolChain.ChainLen != LAYERED_PROTOCOL && sameProtocol(entry.info, protocol)) {
                addOnce(entry);
                break;
            }
    return found;
}

CatalogEntry layeredEntry(const std::wstring& path, const Installation& installation, const std::wstring& lspName,
                          DWORD serviceFlags, DWORD entryId, const CatalogEntry& lower) {
    CatalogEntry entry{path, lower.info};
    WSAPROTOCOL_INFOW& info = entry.info;
    info.dwServiceFlags1 = (info.dwServiceFlags1 & ~XP1_IFS_HANDLES) | serviceFlags;
    info.dwProviderFlags = PFL_HIDDEN;
    info.ProviderId = installation.provider;
    info.dwCatalogEntryId = entryId;
    info.ProtocolChain = {};
    info.ProtocolChain.ChainLen = LAYERED_PROTOCOL;
    lstrcpynW(info.szProtocol, lspName.c_str(), WSAPROTOCOL_LEN + 1);
    return entry;
}

CatalogEntry chainEntry(const std::wstring& path, const std::wstring& lspName, DWORD serviceFlags, const GUID& provider,
                        DWORD entryId, DWORD layeredEntryId, const CatalogEntry& lower) {
    CatalogEntry entry{path, lower.info};
    WSAPROTOCOL_INFOW& info = entry.info;
    info.dwServiceFlags1 = (info.dwServiceFlags1 & ~XP1_IFS_HANDLES) | (serviceFlags & XP1_IFS_HANDLES);
    info.ProviderId = provider;
    info.dwCatalogEntryId = entryId;
    WSAPROTOCOLCHAIN& chain = info.ProtocolChain;
    chain.ChainLen = lower.info.ProtocolChain.ChainLen + 1;
    chain.ChainEntries[0] = layeredEntryId;
    // As Microsoft's sample installer does: the entry right below is named by its own id (the id of a chain,
    // not of the lower LSP's hidden entry), so that the LSP finds the provider to start.
    chain.ChainEntries[1] = lower.info.dwCatalogEntryId;
    for (int i = 1; i < lower.info.ProtocolChain.ChainLen; i++)
        chain.ChainEntries[i + 1] = lower.info.ProtocolChain.ChainEntries[i];
    const std::wstring name = lspName + L" over [" + lower.info.szProtocol + L"]";
    lstrcpynW(info.szProtocol, name.c_str(), WSAPROTOCOL_LEN + 1);
    return entry;
}
}  // namespace

bool HasProvider(const ProtocolCatalog& catalog, const GUID& provider) {
    return ProviderPath(catalog, provider) != nullptr;
}

const std::wstring* ProviderPath(const ProtocolCatalog& catalog, const GUID& provider) {
    for (const CatalogEntry& entry : catalog)
        if (IsEqualGUID(entry.info.ProviderId, provider)) return &entry.providerPath;
    return nullptr;
}

int InstallProvider(Catalogs& catalogs, const std::vector<Bitness>& targets, const Installation& installation) {
    for (const WSAPROTOCOL_INFOW& protocol : installation.protocols)
        if (protocol.ProtocolChain.ChainLen < 0 || protocol.ProtocolChain.ChainLen > MAX_PROTOCOL_CHAIN)
            return WSAEINVAL;
    for (Bitness bitness : targets)
        if (HasProvider(catalogs.of(bitness), installation.provider)) return WSANO_RECOVERY;
    for (WSAPROTOCOL_INFOW protocol : installation.protocols) {
        protocol.ProviderId = installation.provider;
        protocol.dwCatalogEntryId = catalogs.nextEntryId++;
        for (Bitness bitness : targets) catalogs.of(bitness).push_back({installation.path, protocol});
    }
    return 0;
}

int InstallProviderAndChains(Catalogs& catalogs, const std::vector<Bitness>& targets, const Installation& installation,
                             const std::wstring& lspName, DWORD serviceFlags, DWORD& layeredEntryId) {
    for (Bitness bitness : targets)
        if (HasProvider(catalogs.of(bitness), installation.provider) || hasName(catalogs.of(bitness), lspName))
            return WSAEINVAL;

    const DWORD layeredId = catalogs.nextEntryId;
    std::vector<GUID> chainProviders;  // the n-th chain has the same id and GUID in both catalogs
    for (Bitness bitness : targets) {
        ProtocolCatalog& catalog = catalogs.of(bitness);
        const std::wstring& path = bitness == Bitness::bits64 ? installation.path : installation.path32;
        const auto lowers = lowerEntries(catalog, installation.protocols);
        if (lowers.empty()) return installation.protocols.empty() ? WSANO_RECOVERY : WSAEINVAL;
        for (const WSAPROTOCOL_INFOW& protocol : installation.protocols)
            if (std::none_of(lowers.begin(), lowers.end(),
                             [&](const CatalogEntry* lower) { return sameProtocol(lower->info, protocol); }))
                return WSAEINVAL;

        ProtocolCatalog changed;
        for (const CatalogEntry* lower : lowers) {
            if (lower->info.ProtocolChain.ChainLen >= MAX_PROTOCOL_CHAIN) return WSANO_RECOVERY;
            const std::size_t index = changed.size();
            if (index == chainProviders.size()) {
                GUID fresh;
                if (!createGuid(fresh)) return WSANO_RECOVERY;
                chainProviders.push_back(fresh);
            }
            changed.push_back(chainEntry(path, lspName, serviceFlags, chainProviders[index],
                                         layeredId + 1 + static_cast<DWORD>(index), layeredId, *lower));
        }
        const CatalogEntry hidden = layeredEntry(path, installation, lspName, serviceFlags, layeredId, *lowers.front());
        changed.insert(changed.end(), catalog.begin(), catalog.end());
        changed.push_back(hidden);
        catalog = std::move(changed);
    }
    catalogs.nextEntryId = layeredId + 1 + static_cast<DWORD>(chainProviders.size());
    layeredEntryId = layeredId;
    return 0;
}

int DeinstallProvider(ProtocolCatalog& catalog, const GUID& provider) {
    const auto removed =
        std::erase_if(catalog, [&](const CatalogEntry& entry) { return IsEqualGUID(entry.info.ProviderId, provider); });
    return removed ? 0 : WSAEINVAL;
}

int UpdateProvider(ProtocolCatalog& catalog, const Installation& update) {
    ProtocolCatalog changed = catalog;
    for (CatalogEntry& entry : changed)
        if (IsEqualGUID(entry.info.ProviderId, update.provider)) entry.providerPath = update.path;
    for (WSAPROTOCOL_INFOW protocol : update.protocols) {
        const auto entry = std::find_if(changed.begin(), changed.end(), [&](const CatalogEntry& candidate) {
            return candidate.info.dwCatalogEntryId == protocol.dwCatalogEntryId &&
                   IsEqualGUID(candidate.info.ProviderId, update.provider);
        });
        if (entry == changed.end()) return WSAEINVAL;
        protocol.ProviderId = update.provider;
        entry->info = protocol;
    }
    catalog = std::move(changed);
    return 0;
}

int ReorderCatalog(ProtocolCatalog& catalog, const std::vector<DWORD>& entryIds) {
    if (entryIds.size() != catalog.size()) return WSAEINVAL;
    ProtocolCatalog ordered;
    for (DWORD entryId : entryIds) {
        const auto sameId = [&](const CatalogEntry& entry) { return entry.info.dwCatalogEntryId == entryId; };
        const auto entry = std::find_if(catalog.begin(), catalog.end(), sameId);
        if (entry == catalog.end() || std::any_of(ordered.begin(), ordered.end(), sameId)) return WSAEINVAL;
        ordered.push_back(*entry);
    }
    catalog = std::move(ordered);
    return 0;
}
}  // namespace test_winsock
