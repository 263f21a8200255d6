#include "ip_helper.hpp"

#include <cstring>

namespace lsp::system::ip_helper {

#define LOOKED_UP(variable, name) \
    constinit decltype(variable) variable { SystemLibrary::iphlpapi, name }

LOOKED_UP(get_best_route2, "GetBestRoute2");
LOOKED_UP(get_best_route, "GetBestRoute");
LOOKED_UP(get_ip_addr_table, "GetIpAddrTable");
LOOKED_UP(get_adapters_addresses, "GetAdaptersAddresses");
LOOKED_UP(get_extended_tcp_table, "GetExtendedTcpTable");
LOOKED_UP(get_extended_udp_table, "GetExtendedUdpTable");
LOOKED_UP(get_if_entry2, "GetIfEntry2");
LOOKED_UP(initialize_ip_interface_entry, "InitializeIpInterfaceEntry");
LOOKED_UP(get_ip_interface_entry, "GetIpInterfaceEntry");
LOOKED_UP(set_ip_interface_entry, "SetIpInterfaceEntry");
LOOKED_UP(convert_interface_alias_to_luid, "ConvertInterfaceAliasToLuid");
LOOKED_UP(convert_interface_guid_to_luid, "ConvertInterfaceGuidToLuid");
LOOKED_UP(convert_interface_luid_to_index, "ConvertInterfaceLuidToIndex");

#undef LOOKED_UP

IpAddress from_sockaddr(const sockaddr* address) noexcept {
    if (address == nullptr) return {};
    if (address->sa_family == AF_INET) return IpAddress::v4(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    if (address->sa_family == AF_INET6) {
        return IpAddress::v6(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    }
    return {};
}

IpAddress from_sockaddr(const SOCKADDR_INET& address) noexcept {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
}

SOCKADDR_INET to_sockaddr(const IpAddress& address) noexcept {
    SOCKADDR_INET result{};
    if (address.family == Family::ipv4) {
        result.Ipv4.sin_family = AF_INET;
        std::memcpy(&result.Ipv4.sin_addr, address.bytes.data(), 4);
    } else if (address.family == Family::ipv6) {
        result.Ipv6.sin6_family = AF_INET6;
        std::memcpy(&result.Ipv6.sin6_addr, address.bytes.data(), 16);
    }
    return result;
}

}  // namespace lsp::system::ip_helper
