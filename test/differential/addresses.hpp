// The test network's addresses by name (network.ts lays them out), so that what a situation prints is the same in every
// run: `target:echo` is what a situation says and `virtual:*` is how a system-chosen port reads.
#pragma once

#include <winsock2.h>
#include <ws2tcpip.h>

#include <string>

namespace differential {

inline constexpr u_short echo_port = 7000;    // the peers answer here
inline constexpr u_short closed_port = 7001;  // and nobody does here

struct Address {
    sockaddr_storage storage{};
    int length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    void set_family(int family) { storage.ss_family = static_cast<ADDRESS_FAMILY>(family); }
};

// `name`, `name:port` or, for the IPv4 address on an IPv6 socket, `m-name:port`. Ports: a number, `echo` (unless told),
// `closed`, and `P` and `Q`, the situation's own two. Throws std::runtime_error.
Address parse_address(const std::string& text, int family, u_short own_port);

// The other way. A port that the system chose is `*`.
std::string name_of(const sockaddr* address, int length, u_short own_port);
std::string name_of_host(const std::string& numeric);
std::string name_of_port(u_short port, u_short own_port);

}  // namespace differential
