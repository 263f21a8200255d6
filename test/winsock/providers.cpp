#include "providers.h"

#include <algorithm>
#include <cstring>

#include "upcalls.h"

namespace test_winsock {
namespace {
std::vector<ProtocolItem*> items;

// A critical section, because a provider's WSPStartup may come back into this DLL on the same thread.
class StartLock {
  public:
    StartLock() { EnterCriticalSection(section()); }
    ~StartLock() { LeaveCriticalSection(section()); }
    StartLock(const StartLock&) = delete;
    StartLock& operator=(const StartLock&) = delete;

  private:
    static CRITICAL_SECTION* section() {
        static CRITICAL_SECTION section = [] {
            CRITICAL_SECTION fresh;
            InitializeCriticalSection(&fresh);
            return fresh;
        }();
        return &section;
    }
};

bool isComplete(const WSPPROC_TABLE& table) {
    void* functions[sizeof table / sizeof(void*)];
    std::memcpy(functions, &table, sizeof table);
    return std::none_of(std::begin(functions), std::end(functions), [](void* each) { return !each; });
}

HMODULE loadProvider(const std::wstring& path) {
    wchar_t expanded[MAX_PATH * 2];
    const DWORD length = ExpandEnvironmentStringsW(path.c_str(), expanded, MAX_PATH * 2);
    if (length == 0 || length > MAX_PATH * 2) return nullptr;
    return LoadLibraryW(expanded);
}

int startProvider(Provider& provider, WSAPROTOCOL_INFOW info) {
    constexpr WORD version = MAKEWORD(2, 2);
    provider.module = loadProvider(provider.path);
    if (!provider.module) return WSAEPROVIDERFAILEDINIT;
    const auto startup =
        reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(provider.module, "WSPStartup")));
    WSPDATA data{};
    provider.table = {};
    int error = WSAEPROVIDERFAILEDINIT;
    if (startup && startup(version, &data, &info, UpcallTable(), &provider.table) == 0)
        error = data.wVersion != version ? WSAEINVALIDPROVIDER : !isComplete(provider.table) ? WSAEINVALIDPROCTABLE : 0;
    if (error) FreeLibrary(provider.module);
    return error;
}

bool matches(const WSAPROTOCOL_INFOW& info, int protocol) {
    if (protocol == 0 && (info.dwProviderFlags & PFL_MATCHES_PROTOCOL_ZERO)) return true;
    return protocol >= info.iProtocol && protocol <= info.iProtocol + info.iProtocolMaxOffset;
}
}  // namespace

void SetProtocolItems(const ProtocolCatalog& catalog) {
    items.clear();
    for (const CatalogEntry& entry : catalog) {
        Provider* provider = nullptr;
        for (const ProtocolItem* known : items)
            if (IsEqualGUID(known->info().ProviderId, entry.info.ProviderId)) provider = known->provider;
        if (!provider) {
            provider = new Provider;
            provider->path = entry.providerPath;
        }
        items.push_back(new ProtocolItem{entry, provider});
    }
}

const std::vector<ProtocolItem*>& ProtocolItems() { return items; }

ProtocolItem* FindProtocolItem(DWORD entryId) {
    for (ProtocolItem* item : items)
        if (item->id() == entryId) return item;
    return nullptr;
}

ProtocolItem* SelectProtocolItem(int family, int type, int protocol, const ProtocolItem* after, int& error) {
    if (family == AF_UNSPEC && type == 0 && protocol == 0) {
        error = WSAEINVAL;
        return nullptr;
    }
    error = WSAEAFNOSUPPORT;
    bool passed = !after;
    for (ProtocolItem* item : items) {
        const WSAPROTOCOL_INFOW& info = item->info();
        if (!passed || info.ProtocolChain.ChainLen == LAYERED_PROTOCOL) {
            passed = passed || item == after;
            continue;
        }
        if (family != AF_UNSPEC && family != info.iAddressFamily) continue;
        if (type != 0 && type != info.iSocketType) {
            if (error == WSAEAFNOSUPPORT) error = WSAESOCKTNOSUPPORT;
            continue;
        }
        // PFL_HIDDEN hides an entry from WSAEnumProtocols only: Windows' own RAW entries carry it.
        if (matches(info, protocol)) return item;
        error = WSAEPROTONOSUPPORT;
    }
    return nullptr;
}

int StartProvider(ProtocolItem& item) {
    Provider& provider = *item.provider;
    if (provider.started.load(std::memory_order_acquire)) return 0;
    StartLock lock;
    if (provider.started.load(std::memory_order_relaxed)) return 0;
    const int error = startProvider(provider, item.info());
    if (!error) provider.started.store(true, std::memory_order_release);
    return error;
}

void CleanUpProviders() {
    StartLock lock;
    for (ProtocolItem* item : items) {
        Provider& provider = *item->provider;
        if (!provider.started.exchange(false)) continue;
        int error = 0;
        provider.table.lpWSPCleanup(&error);
        FreeLibrary(provider.module);
    }
}
}  // namespace test_winsock
