#include "packet_information.h"

#include <cstring>

#include "provider.h"

namespace base_provider {
bool ReadPacketInformation(const WSABUF& control, PacketInformation& information) {
    WSAMSG message{};
    message.Control = control;
    for (WSACMSGHDR* header = WSA_CMSG_FIRSTHDR(&message); header; header = WSA_CMSG_NXTHDR(&message, header)) {
        // One that reaches beyond the data: the macros would come round to where they have been.
        const std::size_t left = control.len - static_cast<std::size_t>(reinterpret_cast<char*>(header) - control.buf);
        if (header->cmsg_len < WSA_CMSG_LEN(0) || header->cmsg_len > left) return false;
        const std::size_t size = header->cmsg_len - WSA_CMSG_LEN(0);
        information = {};
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO && size >= sizeof(IN_PKTINFO)) {
            IN_PKTINFO data;
            std::memcpy(&data, WSA_CMSG_DATA(header), sizeof data);
            auto& source = reinterpret_cast<sockaddr_in&>(information.source);
            source.sin_family = AF_INET;
            source.sin_addr = data.ipi_addr;
            information.interfaceIndex = data.ipi_ifindex;
            return true;
        }
        if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO && size >= sizeof(IN6_PKTINFO)) {
            IN6_PKTINFO data;
            std::memcpy(&data, WSA_CMSG_DATA(header), sizeof data);
            information.source.sin6_family = AF_INET6;
            information.source.sin6_addr = data.ipi6_addr;
            information.interfaceIndex = data.ipi6_ifindex;
            return true;
        }
    }
    return false;
}

void FormatAddress(const sockaddr& address, int length, char* text, std::size_t size) {
    text[0] = 0;
    sockaddr_storage copy{};
    std::memcpy(&copy, &address, length < static_cast<int>(sizeof copy) ? length : sizeof copy);
    DWORD copyLength;
    if (copy.ss_family == AF_INET) {
        reinterpret_cast<sockaddr_in&>(copy).sin_port = 0;
        copyLength = sizeof(sockaddr_in);
    } else if (copy.ss_family == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(copy).sin6_port = 0;
        copyLength = sizeof(sockaddr_in6);
    } else
        return;
    wchar_t wide[80];
    DWORD room = 80;
    if (systemWinsock.WSAAddressToStringW(reinterpret_cast<sockaddr*>(&copy), copyLength, nullptr, wide, &room) == 0)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, static_cast<int>(size), nullptr, nullptr);
}

bool ToIpv4(const sockaddr& address, sockaddr_in& ipv4) {
    if (address.sa_family == AF_INET) {
        std::memcpy(&ipv4, &address, sizeof ipv4);
        return true;
    }
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (address.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) return false;
    ipv4 = {};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = ipv6.sin6_port;
    std::memcpy(&ipv4.sin_addr, ipv6.sin6_addr.s6_addr + 12, 4);
    return true;
}
}  // namespace base_provider
