#include "network_changes.hpp"

#include <winsock2.h>
#include <ws2ipdef.h>
// Below winsock2.h
#include <windows.h>

#include <atomic>

#include "../system/platform.hpp"
#include "../system/system_function.hpp"
#include "generation.hpp"

namespace lsp::provider {

namespace {

constexpr std::uint32_t lifetime_told_ms = 30'000;
constexpr std::uint32_t lifetime_untold_ms = 1000;

std::atomic<std::uint32_t> addresses_changed{0};
std::atomic<bool> addresses_told{false};

// Both notifications have this shape. Our DLL is never unloaded (see startup.cpp), so they are never cancelled.
using Callback = void(WINAPI*)(void*, void*, int);
using Notify = DWORD WINAPI(ADDRESS_FAMILY, Callback, void*, BOOLEAN, HANDLE*);

void WINAPI on_route_change(void*, void*, int) { next_generation(); }

void WINAPI on_address_change(void*, void*, int) {
    addresses_changed.fetch_add(1, std::memory_order_acq_rel);
    next_generation();
}

bool ask(const char* name, Callback callback) noexcept {
    const auto notify = reinterpret_cast<Notify*>(system::look_up(system::SystemLibrary::iphlpapi, name));
    HANDLE handle = nullptr;
    return notify != nullptr && notify(AF_UNSPEC, callback, nullptr, FALSE, &handle) == NO_ERROR;
}

}  // namespace

bool watch_network() noexcept {
    static std::atomic<bool> asked{false};
    if (asked.load(std::memory_order_relaxed) || asked.exchange(true)) return false;
    if (system::find_library(system::SystemLibrary::iphlpapi) == nullptr) {
        asked.store(false);  // another time
        return false;
    }
    // A failure only costs freshness: what is asked of the host is never older than its lifetime.
    ask("NotifyRouteChange2", on_route_change);
    if (ask("NotifyUnicastIpAddressChange", on_address_change) && system::tells_of_address_changes())
        addresses_told.store(true);
    return true;
}

std::uint32_t address_changes() noexcept { return addresses_changed.load(std::memory_order_acquire); }

std::uint32_t address_lifetime_ms() noexcept {
    return addresses_told.load(std::memory_order_relaxed) ? lifetime_told_ms : lifetime_untold_ms;
}

}  // namespace lsp::provider
