#include "routes.hpp"

#include <cstring>

#include "ip_helper.hpp"

namespace lsp::system {
namespace {

// GetBestRoute2 exists but does not work (Wine): asked once, then left alone.
std::atomic<bool> best_route2_unsupported{false};

// The system's several ways to say that there is no route.
DWORD route_error(DWORD error) noexcept {
    switch (error) {
        case ERROR_CAN_NOT_COMPLETE:  // GetBestRoute of NT 5
        case ERROR_NOT_FOUND:
        case WSAENETUNREACH: return ERROR_NETWORK_UNREACHABLE;
        case WSAEHOSTUNREACH: return ERROR_HOST_UNREACHABLE;
        default: return error;
    }
}

// `interface_index`: of the routes through this interface; 0: of all.
DWORD ask_best_route2(const IpAddress& destination, NET_IFINDEX interface_index, BestRoute& route) noexcept {
    const auto function = ip_helper::get_best_route2.get();
    if (function == nullptr || best_route2_unsupported.load(std::memory_order_relaxed)) return ERROR_NOT_SUPPORTED;

    const SOCKADDR_INET target = ip_helper::to_sockaddr(destination);
    MIB_IPFORWARD_ROW2 row{};
    SOCKADDR_INET source{};
    const DWORD error = function(nullptr, interface_index, nullptr, &target, 0, &row, &source);
    // For IPv6 the same answer may only mean that the host has no IPv6.
    if (destination.family == Family::ipv4 && (error == ERROR_NOT_SUPPORTED || error == ERROR_CALL_NOT_IMPLEMENTED)) {
        best_route2_unsupported.store(true, std::memory_order_relaxed);
    }
    if (error != NO_ERROR) return error;

    route.interface_index = row.InterfaceIndex;
    route.source = ip_helper::from_sockaddr(source);
    route.next_hop = ip_helper::from_sockaddr(row.NextHop);
    route.destination = {ip_helper::from_sockaddr(row.DestinationPrefix.Prefix), row.DestinationPrefix.PrefixLength};
    route.metric = row.Metric;
    route.oracle = "GetBestRoute2";
    return NO_ERROR;
}

// A host with more IPv4 addresses than fit the stack buffer is asked again with memory of this size.
constexpr ULONG address_table_bytes = 3072;
constexpr ULONG address_table_limit = 1024 * 1024;

class AddressTable {
  public:
    AddressTable() noexcept {
        const auto function = ip_helper::get_ip_addr_table.get();
        if (function == nullptr) return;
        ULONG size = sizeof(buffer_);
        auto* table = reinterpret_cast<MIB_IPADDRTABLE*>(buffer_);
        DWORD error = function(table, &size, FALSE);
        if (error == ERROR_INSUFFICIENT_BUFFER && size <= address_table_limit) {
            memory_ = HeapAlloc(GetProcessHeap(), 0, size);
            table = static_cast<MIB_IPADDRTABLE*>(memory_);
            error = table == nullptr ? ERROR_NOT_ENOUGH_MEMORY : function(table, &size, FALSE);
        }
        if (error == NO_ERROR) table_ = table;
    }
    ~AddressTable() {
        if (memory_ != nullptr) HeapFree(GetProcessHeap(), 0, memory_);
    }
    AddressTable(const AddressTable&) = delete;
    AddressTable& operator=(const AddressTable&) = delete;

    const MIB_IPADDRROW* begin() const noexcept { return table_ == nullptr ? nullptr : table_->table; }
    const MIB_IPADDRROW* end() const noexcept {
        return table_ == nullptr ? nullptr : table_->table + table_->dwNumEntries;
    }

  private:
    alignas(MIB_IPADDRTABLE) unsigned char buffer_[address_table_bytes];
    void* memory_ = nullptr;
    const MIB_IPADDRTABLE* table_ = nullptr;
};

// What the system would take as source: the destination itself if it is the host's own; else an address of the outgoing
// interface, the one whose subnet holds the next hop if there are several.
IpAddress choose_source(DWORD destination, DWORD interface_index, DWORD next_hop) noexcept {
    const AddressTable table;
    DWORD chosen = 0;
    bool chosen_near = false;
    for (const MIB_IPADDRROW& row : table) {
        if (row.dwAddr == 0) continue;
        if (row.dwAddr == destination) return IpAddress::v4(&row.dwAddr);
        if (row.dwIndex != interface_index) continue;
        const bool is_near = ((row.dwAddr ^ next_hop) & row.dwMask) == 0;
        if (chosen == 0 || (is_near && !chosen_near)) {
            chosen = row.dwAddr;
            chosen_near = is_near;
        }
    }
    return chosen == 0 ? IpAddress{} : IpAddress::v4(&chosen);
}

DWORD ask_best_route(const IpAddress& destination, BestRoute& route) noexcept {
    const auto function = ip_helper::get_best_route.get();
    if (function == nullptr || destination.family != Family::ipv4) return ERROR_NOT_SUPPORTED;

    DWORD target = 0;
    std::memcpy(&target, destination.bytes.data(), sizeof(target));
    MIB_IPFORWARDROW row{};
    const DWORD error = function(target, 0, &row);
    if (error != NO_ERROR) return error;

    // For a destination on the link, NT gives the interface's own address as next hop, Wine gives zero.
    const bool on_link = row.dwForwardNextHop == 0 || row.dwForwardType == MIB_IPROUTE_TYPE_DIRECT;
    const DWORD hop = on_link ? 0 : row.dwForwardNextHop;
    route.interface_index = row.dwForwardIfIndex;
    route.source = choose_source(target, row.dwForwardIfIndex, on_link ? target : hop);
    route.next_hop = IpAddress::v4(&hop);
    const IpAddress mask = IpAddress::v4(&row.dwForwardMask);
    const auto length = netmask_length(mask);
    route.destination = length ? Prefix{IpAddress::v4(&row.dwForwardDest), *length} : Prefix{};
    route.metric = row.dwForwardMetric1;
    route.oracle = "GetBestRoute";
    return NO_ERROR;
}

}  // namespace

const char* route_function() noexcept {
    const bool new_function = ip_helper::get_best_route2.get() != nullptr && !best_route2_unsupported.load();
    return new_function ? "GetBestRoute2" : "GetBestRoute";
}

std::uint32_t best_route(const IpAddress& destination, BestRoute& route) noexcept {
    route = BestRoute{};
    if (!destination) return ERROR_INVALID_PARAMETER;
    DWORD error = ask_best_route2(destination, 0, route);
    if (error == ERROR_NOT_SUPPORTED || error == ERROR_CALL_NOT_IMPLEMENTED) error = ask_best_route(destination, route);
    if (error == NO_ERROR) return NO_ERROR;
    route = BestRoute{};
    return route_error(error);
}

std::uint32_t best_route_through(std::uint32_t interface_index, const IpAddress& destination,
                                 BestRoute& route) noexcept {
    route = BestRoute{};
    if (!destination || interface_index == 0) return ERROR_INVALID_PARAMETER;
    const DWORD error = ask_best_route2(destination, interface_index, route);
    if (error == NO_ERROR && route.interface_index == interface_index) return NO_ERROR;
    route = BestRoute{};
    if (error == NO_ERROR) return ERROR_NETWORK_UNREACHABLE;
    // Of one interface, ERROR_NOT_FOUND is what Windows says for no route, and ERROR_FILE_NOT_FOUND for no interface.
    return error == ERROR_FILE_NOT_FOUND ? ERROR_NOT_FOUND : route_error(error);
}

}  // namespace lsp::system
