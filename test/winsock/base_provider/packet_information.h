// IP_PKTINFO and IPV6_PKTINFO in the control data of WSASendMsg.
#pragma once

#include <windows.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstddef>

namespace base_provider {
struct PacketInformation {
    sockaddr_in6 source;  // or a sockaddr_in, by its family
    ULONG interfaceIndex;
};

bool ReadPacketInformation(const WSABUF& control, PacketInformation& information);

// An IPv4 or IPv6 address as text, without its port; empty for anything else.
void FormatAddress(const sockaddr& address, int length, char* text, std::size_t size);

// The IPv4 address in an IPv4 or a v4-mapped IPv6 address; false for any other.
bool ToIpv4(const sockaddr& address, sockaddr_in& ipv4);
}  // namespace base_provider
