#include "exchange.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstring>
#include <initializer_list>

namespace {

constexpr char greeting[] = "hello";

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool bind_to_loopback(SOCKET socket, sockaddr_in& address) {
    address = loopback();
    int length = sizeof(address);
    return bind(socket, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
           getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0;
}

bool received(SOCKET socket) {
    char buffer[sizeof(greeting)] = {};
    return recv(socket, buffer, sizeof(buffer), 0) == static_cast<int>(sizeof(greeting)) &&
           std::memcmp(buffer, greeting, sizeof(greeting)) == 0;
}

int exchange_tcp() {
    const SOCKET server = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    const SOCKET client = socket(AF_INET, SOCK_STREAM, 0);
    if (server == INVALID_SOCKET || client == INVALID_SOCKET) return 11;
    sockaddr_in address;
    if (!bind_to_loopback(server, address) || listen(server, 1) != 0) return 12;
    if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return 13;
    const SOCKET accepted = accept(server, nullptr, nullptr);
    if (accepted == INVALID_SOCKET) return 14;
    if (send(client, greeting, sizeof(greeting), 0) != sizeof(greeting) || !received(accepted)) return 15;
    if (send(accepted, greeting, sizeof(greeting), 0) != sizeof(greeting) || !received(client)) return 16;
    return closesocket(accepted) == 0 && closesocket(client) == 0 && closesocket(server) == 0 ? 0 : 17;
}

int exchange_udp() {
    const SOCKET receiver = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    const SOCKET sender = socket(AF_INET, SOCK_DGRAM, 0);
    if (receiver == INVALID_SOCKET || sender == INVALID_SOCKET) return 21;
    sockaddr_in address;
    if (!bind_to_loopback(receiver, address)) return 22;
    if (sendto(sender, greeting, sizeof(greeting), 0, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
        sizeof(greeting)) {
        return 23;
    }
    if (!received(receiver)) return 24;
    return closesocket(receiver) == 0 && closesocket(sender) == 0 ? 0 : 25;
}

// Whether or not this host has IPv6: the base provider has to be found and to be asked.
int open_six() {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        const SOCKET six = socket(AF_INET6, type, 0);
        if (six == INVALID_SOCKET && WSAGetLastError() != WSAEAFNOSUPPORT) return 31;
        if (six != INVALID_SOCKET) closesocket(six);
    }
    return 0;
}

}  // namespace

int exchange() {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    int step = exchange_tcp();
    if (step == 0) step = exchange_udp();
    if (step == 0) step = open_six();
    WSACleanup();
    return step;
}
