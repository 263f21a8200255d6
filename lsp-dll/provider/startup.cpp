#include "startup.hpp"

#include <winsock2.h>
#include <ws2spi.h>

#include <atomic>
#include <cstring>
#include <exception>

#include "../exported.hpp"
#include "../system/catalog.hpp"
#include "chain.hpp"
#include "policy_cache.hpp"
#include "procedures.hpp"
#include "process.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

constinit Chain chains[chain_capacity];

namespace {

void* allocate_leaf(std::size_t bytes) {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
void release_leaf(void* memory, std::size_t) { VirtualFree(memory, 0, MEM_RELEASE); }

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

SocketType socket_type(int type) {
    switch (type) {
        case SOCK_STREAM: return SocketType::stream;
        case SOCK_DGRAM: return SocketType::datagram;
        case SOCK_RAW: return SocketType::raw;
        default: return SocketType::other;
    }
}

Family address_family(int family) {
    return family == AF_INET ? Family::ipv4 : family == AF_INET6 ? Family::ipv6 : Family::none;
}

// The slot of this chain over this lower table, else a free one. A slot that was cleaned up keeps its chain, because
// pointers to its procedures may live on in the program; it is used again for the same chain only, until none is free.
constexpr std::size_t no_slot = chain_capacity;

std::size_t take_slot(const WSAPROTOCOL_INFOW& info, const system::LowerProvider& lower, const WSPPROC_TABLE& table,
                      const WSPUPCALLTABLE& upcalls) {
    const SlotsLock lock;
    std::size_t slot = no_slot;
    for (std::size_t i = 0; i < chain_capacity; ++i) {
        if (!occupied[i]) {
            if (slot == no_slot) slot = i;
            continue;
        }
        if (chains[i].info.dwCatalogEntryId != info.dwCatalogEntryId) continue;
        if (std::memcmp(&chains[i].lower, &table, sizeof(table)) == 0 || references[i] == 0) {
            slot = i;
            break;
        }
    }
    if (slot == no_slot) return no_slot;

    Chain& chain = chains[slot];
    if (references[slot]++ == 0) {
        chain.lower = table;
        chain.info = info;
        chain.lower_info = lower.startup_info;
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

int start(WORD version, WSPDATA& data, const WSAPROTOCOL_INFOW& info, const WSPUPCALLTABLE& upcalls,
          WSPPROC_TABLE& procedures) {
    const system::Result<system::LowerProvider> lower = system::lower_provider(info);
    if (!lower) return WSAEPROVIDERFAILEDINIT;

    const HMODULE module = LoadLibraryW(lower->path.c_str());
    if (module == nullptr) return WSAEPROVIDERFAILEDINIT;
    const auto lower_startup =
        reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(module, "WSPStartup")));
    WSPPROC_TABLE table{};
    WSAPROTOCOL_INFOW startup_info = lower->startup_info;
    const int error = lower_startup == nullptr ? WSAEPROVIDERFAILEDINIT
                                               : lower_startup(version, &data, &startup_info, upcalls, &table);
    if (error != 0) {
        FreeLibrary(module);
        return error;
    }

    const std::size_t slot = take_slot(info, *lower, table, upcalls);
    if (slot == no_slot) {
        int ignored = 0;
        table.lpWSPCleanup(&ignored);
        FreeLibrary(module);
        return WSAEPROVIDERFAILEDINIT;
    }
    // The lower DLL is kept: its procedures stay in our slot as ours stay in ws2_32.
    fill_procedure_table(slot, procedures);
    count(Counter::startups);
    return 0;
}

}  // namespace

constinit SocketTable sockets;

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
    try {
        stay_loaded();
        sockets.use_memory(allocate_leaf, release_leaf);
        remember_process();
        const int error = start(version, *data, *info, upcalls, *procedures);
        if (error == 0) refresh_policy();
        return error;
    } catch (const std::exception&) {
        return WSAENOBUFS;
    }
}
