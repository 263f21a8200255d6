#include "endpoint.hpp"

#include <cstring>

#include "guarded_copy.hpp"

namespace lsp::provider {

bool read_endpoint(const sockaddr* name, int name_length, Family socket_family, Endpoint& endpoint) noexcept {
    const bool ipv6 = socket_family == Family::ipv6;
    const int needed = static_cast<int>(ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    if (socket_family == Family::none || name == nullptr || name_length < needed) return false;

    union {
        sockaddr_in v4;
        sockaddr_in6 v6;
    } address;
    if (!guarded_copy(&address, name, static_cast<std::size_t>(needed))) return false;
    if (address.v4.sin_family != (ipv6 ? AF_INET6 : AF_INET)) return false;
    endpoint.address = ipv6 ? IpAddress::v6(&address.v6.sin6_addr) : IpAddress::v4(&address.v4.sin_addr);
    endpoint.port = ntohs(address.v4.sin_port);  // at the same place in both
    return true;
}

SocketAddress make_socket_address(const IpAddress& address, Family socket_family) noexcept {
    SocketAddress result{};
    if (socket_family == Family::ipv6) {
        const IpAddress mapped = address.mapped();
        auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
        v6.sin6_family = AF_INET6;
        std::memcpy(&v6.sin6_addr, mapped.bytes.data(), sizeof(v6.sin6_addr));
        result.length = sizeof(v6);
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof(v4.sin_addr));
        result.length = sizeof(v4);
    }
    return result;
}

SocketAddress wildcard_address(Family socket_family) noexcept {
    IpAddress any;
    any.family = socket_family;
    return make_socket_address(any, socket_family);
}

}  // namespace lsp::provider
