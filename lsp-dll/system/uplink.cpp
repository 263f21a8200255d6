#include "uplink.hpp"

#include "ip_helper.hpp"
#include "pages.hpp"
#include "platform.hpp"

namespace lsp::system {
namespace {

constinit SystemFunction<DWORD WINAPI(ADDRESS_FAMILY, MIB_IPFORWARD_TABLE2**)> get_ip_forward_table2{
    SystemLibrary::iphlpapi, "GetIpForwardTable2"};
constinit SystemFunction<void WINAPI(void*)> free_mib_table{SystemLibrary::iphlpapi, "FreeMibTable"};
constinit SystemFunction<DWORD WINAPI(MIB_IPFORWARDTABLE*, ULONG*, BOOL)> get_ip_forward_table{SystemLibrary::iphlpapi,
                                                                                               "GetIpForwardTable"};

constexpr ULONG first_forward_table_bytes = 16 * 1024;
constexpr int forward_table_attempts = 5;  // it may grow between two questions

bool read_ip_interface(std::uint32_t interface_index, Family family, MIB_IPINTERFACE_ROW& row) noexcept {
    const auto initialize = ip_helper::initialize_ip_interface_entry.get();
    const auto get = ip_helper::get_ip_interface_entry.get();
    if (initialize == nullptr || get == nullptr) return false;
    initialize(&row);
    row.Family = static_cast<ADDRESS_FAMILY>(family == Family::ipv4 ? AF_INET : AF_INET6);
    row.InterfaceIndex = interface_index;
    return get(&row) == NO_ERROR;
}

// The best metric of all default routes, and of those over one interface.
struct DefaultRoutes {
    static constexpr std::uint64_t none = UINT64_MAX;
    std::uint64_t best = none;
    std::uint64_t best_of_interface = none;

    void add(std::uint64_t metric, bool over_interface) noexcept {
        if (metric < best) best = metric;
        if (over_interface && metric < best_of_interface) best_of_interface = metric;
    }
};

// Each gives a Win32 error.
DWORD ask_new_table(std::uint32_t interface_index, Family family, DefaultRoutes& routes) noexcept {
    const auto function = get_ip_forward_table2.get();
    const auto release = free_mib_table.get();
    if (function == nullptr || release == nullptr) return ERROR_CALL_NOT_IMPLEMENTED;
    MIB_IPFORWARD_TABLE2* table = nullptr;
    const DWORD error = function(static_cast<ADDRESS_FAMILY>(family == Family::ipv4 ? AF_INET : AF_INET6), &table);
    if (error != NO_ERROR) return error;
    for (ULONG i = 0; i < table->NumEntries; ++i) {
        const MIB_IPFORWARD_ROW2& route = table->Table[i];
        if (route.DestinationPrefix.PrefixLength != 0) continue;
        MIB_IPINTERFACE_ROW row{};
        const bool known = read_ip_interface(route.InterfaceIndex, family, row);
        if (known && !row.Connected && knows_connected_interfaces()) continue;
        routes.add(std::uint64_t{route.Metric} + (known ? row.Metric : 0), route.InterfaceIndex == interface_index);
    }
    release(table);
    return NO_ERROR;
}

DWORD ask_old_table(std::uint32_t interface_index, DefaultRoutes& routes) noexcept {
    const auto function = get_ip_forward_table.get();
    if (function == nullptr) return ERROR_CALL_NOT_IMPLEMENTED;
    Pages memory;
    ULONG size = first_forward_table_bytes;
    for (int attempt = 0;; ++attempt) {
        if (!memory.allocate(size)) return ERROR_NOT_ENOUGH_MEMORY;
        auto* const table = static_cast<MIB_IPFORWARDTABLE*>(memory.get());
        const DWORD error = function(table, &size, FALSE);
        if (error == ERROR_INSUFFICIENT_BUFFER && attempt + 1 < forward_table_attempts) continue;
        if (error != NO_ERROR) return error;
        for (DWORD i = 0; i < table->dwNumEntries; ++i) {
            const MIB_IPFORWARDROW& route = table->table[i];
            if (route.dwForwardDest != 0 || route.dwForwardMask != 0) continue;
            routes.add(route.dwForwardMetric1, route.dwForwardIfIndex == interface_index);
        }
        return NO_ERROR;
    }
}

}  // namespace

bool carries_default_route(std::uint32_t interface_index, Family family) noexcept {
    DefaultRoutes routes;
    DWORD error = ask_new_table(interface_index, family, routes);
    if (error == ERROR_CALL_NOT_IMPLEMENTED && family == Family::ipv4) error = ask_old_table(interface_index, routes);
    if (error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_OUTOFMEMORY) return true;
    return routes.best_of_interface != DefaultRoutes::none && routes.best_of_interface <= routes.best;
}

bool sends_as_weak_host(std::uint32_t interface_index, Family family) noexcept {
    MIB_IPINTERFACE_ROW row{};
    return !has_strong_host() || (read_ip_interface(interface_index, family, row) && row.WeakHostSend);
}

bool receives_as_weak_host(std::uint32_t interface_index, Family family) noexcept {
    MIB_IPINTERFACE_ROW row{};
    return !has_strong_host() || (read_ip_interface(interface_index, family, row) && row.WeakHostReceive);
}

}  // namespace lsp::system
