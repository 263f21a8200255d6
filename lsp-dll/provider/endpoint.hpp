// Socket addresses as programs give them, and as we give them to the lower provider.
#pragma once

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstdint>

#include "../core/address.hpp"

namespace lsp::provider {

// An address and port that a program named. The address may be v4-mapped on an IPv6 socket.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
};

// Reads a program's sockaddr. False if it cannot be read, is too short, or is of another family than the socket: then
// the lower provider has the word, and its error is the program's.
bool read_endpoint(const sockaddr* name, int name_length, Family socket_family, Endpoint& endpoint) noexcept;

// A sockaddr for `address` on a socket of the given family: an IPv4 address on an IPv6 socket becomes
// v4-mapped.
struct SocketAddress {
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    };
    int length;
};
SocketAddress make_socket_address(const IpAddress& address, Family socket_family, std::uint16_t port = 0) noexcept;
SocketAddress wildcard_address(Family socket_family, std::uint16_t port = 0) noexcept;

}  // namespace lsp::provider
