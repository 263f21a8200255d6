#include "providers.h"

#include <algorithm>
#include <cstring>

#include "upcalls.h"

namespace test_winsock {
namespace {
using Items = std::vector<ProtocolItem*>;

SRWLOCK itemsLock = SRWLOCK_INIT;          // for those who change what follows
std::vector<Provider*> providers;          // every one that there has been
std::atomic<const Items*> currentItems{};  // older ones are not freed: other threads may be looking at them

// Of one GUID and path there is one, even if it was out of the catalog meanwhile.
Provider* providerOf(const CatalogEntry& entry) {
    for (Provider* known : providers)
        if (IsEqualGUID(known->id, entry.info.ProviderId) && known->path == entry.providerPath) return known;
    Provider* fresh = new Provider;
    fresh->id = entry.info.ProviderId;
    fresh->path = entry.providerPath;
    providers.push_back(fresh);
    return fresh;
}

ProtocolItem* itemOf(const CatalogEntry& entry) {
    Provider* provider = providerOf(entry);
    for (ProtocolItem* known : ProtocolItems())
        if (known->provider == provider && std::memcmp(&known->info(), &entry.info, sizeof entry.info) == 0)
            return known;
    return new ProtocolItem{entry, provider};
}

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
    AcquireSRWLockExclusive(&itemsLock);
    auto* items = new Items;
    for (const CatalogEntry& entry : catalog) items->push_back(itemOf(entry));
    currentItems.store(items, std::memory_order_release);
    ReleaseSRWLockExclusive(&itemsLock);
}

const std::vector<ProtocolItem*>& ProtocolItems() {
    static const Items none;
    const Items* items = currentItems.load(std::memory_order_acquire);
    return items ? *items : none;
}

ProtocolItem* FindProtocolItem(DWORD entryId) {
    for (ProtocolItem* item : ProtocolItems())
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
    // A layered provider's hidden entry is not passed over where it matches, as NT's ws2_32 was seen to do: it usually
    // stands behind all that can be chosen.
    for (ProtocolItem* item : ProtocolItems()) {
        const WSAPROTOCOL_INFOW& info = item->info();
        if (!passed) {
            passed = item == after;
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
    for (Provider* provider : providers) {
        if (!provider->started.exchange(false)) continue;
        int error = 0;
        provider->table.lpWSPCleanup(&error);
        FreeLibrary(provider->module);
    }
}
}  // namespace test_winsock
