#include "local_address.h"

#include "packet_information.h"
#include "provider.h"

namespace base_provider {
bool IsLocalAddress(const sockaddr_in& address) {
    // A stream socket, because Wine lets Linux decide about that one (server/sock.c, bind_to_interface).
    const SOCKET probe = systemWinsock.WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, 0);
    if (probe == INVALID_SOCKET) return false;
    sockaddr_in anyPort = address;
    anyPort.sin_port = 0;
    const bool bound = systemWinsock.bind(probe, reinterpret_cast<sockaddr*>(&anyPort), sizeof anyPort) == 0;
    systemWinsock.closesocket(probe);
    return bound;
}

bool IsBindable(const sockaddr* name, int length) {
    sockaddr_in address;
    if (!name || length < static_cast<int>(sizeof address) || IsBadReadPtr(name, length) ||
        (name->sa_family == AF_INET6 && length < static_cast<int>(sizeof(sockaddr_in6))) || !ToIpv4(*name, address) ||
        address.sin_addr.s_addr == INADDR_ANY || IsLocalAddress(address))
        return true;  // or for Wine to say what is wrong with it
    SetLastError(WSAEADDRNOTAVAIL);
    return false;
}
}  // namespace base_provider
