#include "startup.hpp"

#include <winsock2.h>
#include <ws2spi.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>

#include "../exported.hpp"
#include "../system/catalog_age.hpp"
#include "../system/catalog_functions.hpp"
#include "../system/lower_provider.hpp"
#include "chain.hpp"
#include "pages.hpp"
#include "policy_cache.hpp"
#include "procedures.hpp"
#include "process.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

constinit Chain chains[chain_capacity];
std::atomic<bool> began_without_us{false};

namespace {

// Who occupies the slots. Only WSPStartup and WSPCleanup come here, so waiting for one another is no matter; nothing
// that could call back is done while the lock is held.
std::atomic_flag slots_lock = ATOMIC_FLAG_INIT;
unsigned references[chain_capacity];
bool occupied[chain_capacity];

class SlotsLock {
  public:
    SlotsLock() {
        while (slots_lock.test_and_set(std::memory_order_acquire)) Sleep(0);
    }
    ~SlotsLock() { slots_lock.clear(std::memory_order_release); }
};

constexpr std::size_t no_slot = chain_capacity;

// How well a slot serves a chain that starts.
enum class Fit : std::uint8_t {
    none,
    same_lower,   // another chain of the same kind over a provider with the same procedures
    used_before,  // nobody's now; pointers to its procedures may live on in the program
    fresh,
    installed_again,  // the same chain under the id that another installation has given it
    same_chain,
};

Fit fit_of(std::size_t slot, const WSAPROTOCOL_INFOW& info, const WSAPROTOCOL_INFOW& lower,
           const WSPPROC_TABLE& table) {
    const Chain& chain = chains[slot];
    if (!occupied[slot]) return Fit::fresh;
    const bool same_table = std::memcmp(&chain.lower, &table, sizeof(table)) == 0;
    const bool same_kind =
        chain.type == socket_type(info.iSocketType) && chain.family == address_family(info.iAddressFamily);
    if (chain.info().dwCatalogEntryId == info.dwCatalogEntryId && (references[slot] == 0 || same_table))
        return Fit::same_chain;
    if (same_kind && same_table) {
        return chain.lower_info.dwCatalogEntryId == lower.dwCatalogEntryId ? Fit::installed_again : Fit::same_lower;
    }
    return references[slot] == 0 ? Fit::used_before : Fit::none;
}

// A program that keeps sockets across any number of installations stays under its rules: the chain's new id comes to
// the slot that the old one has. Where all slots are taken, one with the same provider below serves another chain too.
std::size_t take_slot(const WSAPROTOCOL_INFOW& info, const WSAPROTOCOL_INFOW& lower, const WSPPROC_TABLE& table,
                      const WSPUPCALLTABLE& upcalls) {
    const SlotsLock lock;
    std::size_t slot = no_slot;
    Fit fit = Fit::none;
    for (std::size_t i = 0; i < chain_capacity; ++i) {
        const Fit found = fit_of(i, info, lower, table);
        if (found <= fit) continue;
        slot = i;
        fit = found;
    }
    if (slot == no_slot) return no_slot;

    Chain& chain = chains[slot];
    if (fit != Fit::same_lower) chain.set_info(info);
    if (references[slot]++ == 0) {
        chain.lower = table;
        chain.lower_info = lower;
        chain.upcalls = upcalls;
        chain.type = socket_type(info.iSocketType);
        chain.family = address_family(info.iAddressFamily);
        // The lower extension functions stay: the program may still hold our pointers that lead to them, and the lower
        // DLL is never unloaded.
        occupied[slot] = true;
    }
    return slot;
}

// Programs keep pointers to our ConnectEx and ws2_32 keeps procedure tables; the system may call our route
// notification. None of them may find the DLL gone, so it stays for the life of the process, as mswsock.dll does in
// practice.
void stay_loaded() {
    HMODULE self = nullptr;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<LPCWSTR>(&chains), &self);
}

// A lower provider whose DLL is in memory.
struct LoadedProvider {
    system::FoundLower lower;
    HMODULE module = nullptr;
    LPWSPSTARTUP startup = nullptr;
};

bool load(const WSAPROTOCOL_INFOW& chain, system::Entries catalog, LoadedProvider& loaded) {
    if (!system::find_lower(chain, catalog, loaded.lower)) return false;
    // Otherwise it is loaded by us first, or for a look-up of names alone (mswsock.dll is that, too).
    static std::atomic<bool> first{true};
    if (first.exchange(false) && GetModuleHandleW(loaded.lower.path) != nullptr) {
        began_without_us.store(system::catalog_changed_since_start());
    }
    loaded.module = LoadLibraryW(loaded.lower.path);
    if (loaded.module == nullptr) return false;
    loaded.startup =
        reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(loaded.module, "WSPStartup")));
    if (loaded.startup != nullptr) return true;
    FreeLibrary(loaded.module);
    return false;
}

// The DLL below may be gone although the catalog still names it; then the base provider must do, because the machine
// must not lose its network over one broken entry. A chain that names nobody below is led there.
bool load_lower(const WSAPROTOCOL_INFOW& chain, system::Entries catalog, LoadedProvider& loaded) {
    if (load(chain, catalog, loaded)) return true;
    WSAPROTOCOL_INFOW over_base = chain;
    over_base.ProtocolChain.ChainLen = 1;
    return load(over_base, catalog, loaded);
}

// Of another layered provider our chain names the hidden entry. It might find itself in our chain and go on from there;
// but many only look at what follows the first place, so it is given a chain of its own where the catalog has one: with
// just those entries that follow us in ours.
void prefer_its_own_chain(const WSAPROTOCOL_INFOW& chain, system::Entries catalog, system::FoundLower& lower) {
    if (lower.info->ProtocolChain.ChainLen != LAYERED_PROTOCOL) return;
    const WSAPROTOCOL_INFOW* const own = system::find_own_chain(chain, *lower.info, catalog);
    if (own != nullptr) lower.startup_info = own;
}

// ws2_32 refuses such a table. Ours must not hide a missing procedure behind a hook that would call it.
bool is_complete(const WSPPROC_TABLE& table) {
    FARPROC procedures[sizeof(table) / sizeof(FARPROC)];
    std::memcpy(procedures, &table, sizeof(procedures));
    return std::find(std::begin(procedures), std::end(procedures), nullptr) == std::end(procedures);
}

int start(WORD version, WSPDATA& data, const WSAPROTOCOL_INFOW& info, const WSPUPCALLTABLE& upcalls,
          WSPPROC_TABLE& procedures) {
    // The catalog's pages are all that starting needs.
    system::CatalogEntries catalog;
    if (const int error = catalog.read(system::native_architecture); error == WSAENOBUFS) return error;
    LoadedProvider loaded;
    if (!load_lower(info, catalog.all(), loaded)) return WSAEPROVIDERFAILEDINIT;
    const HMODULE module = loaded.module;
    prefer_its_own_chain(info, catalog.all(), loaded.lower);
    WSPPROC_TABLE table{};
    WSAPROTOCOL_INFOW startup_info = *loaded.lower.startup_info;
    int error = loaded.startup(version, &data, &startup_info, upcalls, &table);
    if (error == 0 && !is_complete(table)) {
        int ignored = 0;
        if (table.lpWSPCleanup != nullptr) table.lpWSPCleanup(&ignored);
        error = WSAEINVALIDPROCTABLE;
    }
    if (error != 0) {
        FreeLibrary(module);
        return error;
    }

    refresh_policy();  // which procedures a chain has is its say
    // Our hidden entry is no chain. ws2_32 may start it all the same, in search of a handle's owner or because a
    // program names it: the lower provider is as good then, and a slot would be taken from a chain.
    const bool hidden = info.ProtocolChain.ChainLen == LAYERED_PROTOCOL;
    const std::size_t slot = hidden ? no_slot : take_slot(info, *loaded.lower.startup_info, table, upcalls);
    // The lower DLL is kept: its procedures stay in our slot as ours stay in ws2_32. A chain too many is the lower
    // provider's alone: a program must not be without sockets because of us.
    if (slot == no_slot) {
        procedures = table;
    } else {
        fill_procedure_table(slot, procedures);
    }
    count(Counter::startups);
    carry_counts();
    return 0;
}

}  // namespace

constinit SocketTable sockets;

Chain* started_chain(SocketType type, Family family) noexcept {
    for (std::size_t i = 0; i < chain_capacity; ++i) {
        if (references[i] > 0 && chains[i].type == type && chains[i].family == family) return &chains[i];
    }
    return nullptr;
}

int clean_up(std::size_t slot, LPINT error) noexcept {
    {
        const SlotsLock lock;
        if (references[slot] > 0) --references[slot];
    }
    return chains[slot].lower.lpWSPCleanup(error);
}

}  // namespace lsp::provider

extern "C" WINSOCK_LSP_EXPORTED int WSPAPI WSPStartup(WORD version, LPWSPDATA data, LPWSAPROTOCOL_INFOW info,
                                                      WSPUPCALLTABLE upcalls, LPWSPPROC_TABLE procedures) {
    using namespace lsp::provider;
    if (data == nullptr || info == nullptr || procedures == nullptr) return WSAEFAULT;
    if (LOBYTE(version) < 2) return WSAVERNOTSUPPORTED;
    stay_loaded();
    sockets.use_memory(page_memory);
    if (!remember_process()) return WSAENOBUFS;
    return start(version, *data, *info, upcalls, *procedures);
}
