// Whose program it is that listens at a proxy's address on this host: a port there is anybody's who takes it first.
#pragma once

#include <cstdint>
#include <string_view>

#include "../core/address.hpp"

namespace lsp::system {

struct TcpEndpoint {
    IpAddress address;  // unmapped
    std::uint16_t port = 0;
};

enum class Owner : std::uint8_t {
    nobody,  // no such listener or connection
    this_process,
    trusted,  // a program of the user that this process runs as, of SYSTEM, or of the account that is named
    somebody_else,
    unknown,  // the system does not tell
};

// Of the socket that listens there. `account`: "local-service", "network-service", a SID, or empty (Rule::owner).
Owner owner_of_listener(const TcpEndpoint& endpoint, std::string_view account) noexcept;

// Of the other end of a connection of this host with itself: its address is `peer`, and this end's is `local`.
Owner owner_of_peer(const TcpEndpoint& peer, const TcpEndpoint& local, std::string_view account) noexcept;

// The process that listens there; 0 if there is none, or the system does not tell.
std::uint32_t process_of_listener(const TcpEndpoint& endpoint) noexcept;

}  // namespace lsp::system
