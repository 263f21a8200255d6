#include "uplink.hpp"

#include "ip_helper.hpp"

namespace lsp::system {
namespace {

constinit SystemFunction<DWORD WINAPI(ADDRESS_FAMILY, MIB_IPFORWARD_TABLE2**)> get_ip_forward_table2{
    SystemLibrary::iphlpapi, "GetIpForwardTable2"};
constinit SystemFunction<void WINAPI(void*)> free_mib_table{SystemLibrary::iphlpapi, "FreeMibTable"};
constinit SystemFunction<DWORD WINAPI(MIB_IPFORWARDTABLE*, ULONG*, BOOL)> get_ip_forward_table{SystemLibrary::iphlpapi,
                                                                                               "GetIpForwardTable"};

constexpr ULONG first_table_bytes = 16 * 1024;
constexpr int table_attempts = 5;  // it may grow between two questions

ADDRESS_FAMILY number_of(Family family) noexcept {
    return static_cast<ADDRESS_FAMILY>(family == Family::ipv4 ? AF_INET : AF_INET6);
}

bool read_interface(std::uint32_t interface_index, Family family, MIB_IPINTERFACE_ROW& row) noexcept {
    const auto initialize = ip_helper::initialize_ip_interface_entry.get();
    const auto get = ip_helper::get_ip_interface_entry.get();
    if (initialize == nullptr || get == nullptr) return false;
    initialize(&row);
    row.Family = number_of(family);
    row.InterfaceIndex = interface_index;
    return get(&row) == NO_ERROR;
}

// The best metric of all default routes, and of those over one interface.
struct Best {
    static constexpr std::uint64_t none = UINT64_MAX;
    std::uint64_t of_all = none;
    std::uint64_t of_interface = none;

    void add(std::uint64_t metric, bool over_interface) noexcept {
        if (metric < of_all) of_all = metric;
        if (over_interface && metric < of_interface) of_interface = metric;
    }
};

bool ask_new(std::uint32_t interface_index, Family family, Best& best) noexcept {
    const auto function = get_ip_forward_table2.get();
    const auto release = free_mib_table.get();
    MIB_IPFORWARD_TABLE2* table = nullptr;
    if (function == nullptr || release == nullptr || function(number_of(family), &table) != NO_ERROR) return false;
    for (ULONG i = 0; i < table->NumEntries; ++i) {
        const MIB_IPFORWARD_ROW2& route = table->Table[i];
        if (route.DestinationPrefix.PrefixLength != 0) continue;
        MIB_IPINTERFACE_ROW row{};
        const bool known = read_interface(route.InterfaceIndex, family, row);
        if (known && !row.Connected && !is_wine()) continue;  // Wine says so of every interface
        best.add(std::uint64_t{route.Metric} + (known ? row.Metric : 0), route.InterfaceIndex == interface_index);
    }
    release(table);
    return true;
}

void ask_old(std::uint32_t interface_index, Best& best) noexcept {
    const auto function = get_ip_forward_table.get();
    if (function == nullptr) return;
    ULONG size = first_table_bytes;
    for (int attempt = 0; attempt < table_attempts; ++attempt) {
        auto* const table = static_cast<MIB_IPFORWARDTABLE*>(HeapAlloc(GetProcessHeap(), 0, size));
        if (table == nullptr) return;
        const DWORD error = function(table, &size, FALSE);
        for (DWORD i = 0; error == NO_ERROR && i < table->dwNumEntries; ++i) {
            const MIB_IPFORWARDROW& route = table->table[i];
            if (route.dwForwardDest != 0 || route.dwForwardMask != 0) continue;
            best.add(route.dwForwardMetric1, route.dwForwardIfIndex == interface_index);
        }
        HeapFree(GetProcessHeap(), 0, table);
        if (error != ERROR_INSUFFICIENT_BUFFER) return;
    }
}

bool is_weak_by_nature() noexcept {
    return is_wine() || look_up(SystemLibrary::kernel32, "GetTickCount64") == nullptr;  // before Vista
}

}  // namespace

bool carries_default_route(std::uint32_t interface_index, Family family) noexcept {
    Best best;
    if (!ask_new(interface_index, family, best) && family == Family::ipv4) ask_old(interface_index, best);
    return best.of_interface != Best::none && best.of_interface <= best.of_all;
}

bool sends_as_weak_host(std::uint32_t interface_index, Family family) noexcept {
    MIB_IPINTERFACE_ROW row{};
    return is_weak_by_nature() || (read_interface(interface_index, family, row) && row.WeakHostSend);
}

bool receives_as_weak_host(std::uint32_t interface_index, Family family) noexcept {
    MIB_IPINTERFACE_ROW row{};
    return is_weak_by_nature() || (read_interface(interface_index, family, row) && row.WeakHostReceive);
}

}  // namespace lsp::system
