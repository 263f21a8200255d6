// Private to system: IPHLPAPI's functions, looked up.
#pragma once

#include <winsock2.h>
#include <ws2ipdef.h>
#include <ws2tcpip.h>
// Below the socket headers, which they need.
#include <iphlpapi.h>
#include <netioapi.h>
#include <windows.h>

#include "../core/address.hpp"
#include "system_function.hpp"

namespace lsp::system::ip_helper {

extern SystemFunction<DWORD WINAPI(NET_LUID*, NET_IFINDEX, const SOCKADDR_INET*, const SOCKADDR_INET*, ULONG,
                                   MIB_IPFORWARD_ROW2*, SOCKADDR_INET*)>
    get_best_route2;
extern SystemFunction<DWORD WINAPI(DWORD, DWORD, MIB_IPFORWARDROW*)> get_best_route;
extern SystemFunction<DWORD WINAPI(MIB_IPADDRTABLE*, ULONG*, BOOL)> get_ip_addr_table;
extern SystemFunction<ULONG WINAPI(ULONG, ULONG, void*, IP_ADAPTER_ADDRESSES*, ULONG*)> get_adapters_addresses;
extern SystemFunction<DWORD WINAPI(void*, DWORD*, BOOL, ULONG, TCP_TABLE_CLASS, ULONG)> get_extended_tcp_table;
extern SystemFunction<DWORD WINAPI(void*, DWORD*, BOOL, ULONG, UDP_TABLE_CLASS, ULONG)> get_extended_udp_table;
extern SystemFunction<DWORD WINAPI(MIB_IF_ROW2*)> get_if_entry2;
extern SystemFunction<void WINAPI(MIB_IPINTERFACE_ROW*)> initialize_ip_interface_entry;
extern SystemFunction<DWORD WINAPI(MIB_IPINTERFACE_ROW*)> get_ip_interface_entry;
extern SystemFunction<DWORD WINAPI(MIB_IPINTERFACE_ROW*)> set_ip_interface_entry;
extern SystemFunction<DWORD WINAPI(const WCHAR*, NET_LUID*)> convert_interface_alias_to_luid;
extern SystemFunction<DWORD WINAPI(const GUID*, NET_LUID*)> convert_interface_guid_to_luid;
extern SystemFunction<DWORD WINAPI(const NET_LUID*, NET_IFINDEX*)> convert_interface_luid_to_index;

IpAddress from_sockaddr(const sockaddr* address) noexcept;  // Family::none for any other family
IpAddress from_sockaddr(const SOCKADDR_INET& address) noexcept;
SOCKADDR_INET to_sockaddr(const IpAddress& address) noexcept;

}  // namespace lsp::system::ip_helper
