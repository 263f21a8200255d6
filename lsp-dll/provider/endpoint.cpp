#include "endpoint.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "guarded_copy.hpp"

namespace lsp::provider {

namespace {

// ntohs and htons are calls into ws2_32.
constexpr std::uint16_t swapped(std::uint16_t port) noexcept {
    return static_cast<std::uint16_t>(port << 8U | port >> 8U);
}

}  // namespace

bool read_endpoint(const sockaddr* name, int name_length, Family socket_family, Endpoint& endpoint) noexcept {
    const bool ipv6 = socket_family == Family::ipv6;
    const int needed = static_cast<int>(ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    if (socket_family == Family::none || name == nullptr || name_length < needed) return false;

    union {
        sockaddr_in v4;
        sockaddr_in6 v6;
    } address;
    if (!guarded_copy_address(&address, name, static_cast<std::size_t>(needed))) return false;
    if (address.v4.sin_family != (ipv6 ? AF_INET6 : AF_INET)) return false;
    // Written as it will be read, in halves: a processor waits for a load of bytes that were stored by several.
    std::uint64_t halves[2] = {};
    if (ipv6) {
        std::memcpy(halves, &address.v6.sin6_addr, sizeof(halves));
    } else {
        halves[0] = address.v4.sin_addr.s_addr;  // little-endian, as all of Windows is
    }
    endpoint.address.family = socket_family;
    std::memcpy(endpoint.address.bytes.data(), &halves[0], sizeof(halves[0]));
    std::memcpy(endpoint.address.bytes.data() + sizeof(halves[0]), &halves[1], sizeof(halves[1]));
    endpoint.port = swapped(address.v4.sin_port);  // at the same place in both
    return true;
}

SocketAddress make_socket_address(const IpAddress& address, Family socket_family, std::uint16_t port) noexcept {
    // Every member, instead of clearing the whole first: this is on the way of each connect.
    SocketAddress result;
    if (socket_family == Family::ipv6) {
        const IpAddress mapped = address.mapped();
        result.v6.sin6_family = AF_INET6;
        result.v6.sin6_port = swapped(port);
        result.v6.sin6_flowinfo = 0;
        result.v6.sin6_scope_id = 0;
        std::memcpy(&result.v6.sin6_addr, mapped.bytes.data(), sizeof(result.v6.sin6_addr));
        result.length = sizeof(result.v6);
    } else {
        result.v4.sin_family = AF_INET;
        result.v4.sin_port = swapped(port);
        std::memcpy(&result.v4.sin_addr, address.bytes.data(), sizeof(result.v4.sin_addr));
        std::fill(std::begin(result.v4.sin_zero), std::end(result.v4.sin_zero), '\0');
        result.length = sizeof(result.v4);
    }
    return result;
}

SocketAddress wildcard_address(Family socket_family, std::uint16_t port) noexcept {
    IpAddress any;
    any.family = socket_family;
    return make_socket_address(any, socket_family, port);
}

}  // namespace lsp::provider
