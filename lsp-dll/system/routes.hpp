// Best routes, from the system. GetBestRoute2, or GetBestRoute where that is absent or answers ERROR_NOT_SUPPORTED.
#pragma once

#include <cstdint>

#include "../core/address.hpp"
#include "error.hpp"

namespace lsp::system {

struct BestRoute {
    std::uint32_t interface_index = 0;
    IpAddress source;    // what the system would choose as source
    IpAddress next_hop;  // unspecified: on-link
    Prefix destination;  // the route's prefix; Family::none where the system does not tell
    std::uint32_t metric = 0;
    const char* oracle = "";  // "GetBestRoute2" or "GetBestRoute"
};

// Errors: ERROR_NETWORK_UNREACHABLE or ERROR_HOST_UNREACHABLE if there is no route; ERROR_NOT_SUPPORTED for IPv6 where
// only GetBestRoute works; ERROR_INVALID_PARAMETER for Family::none; others as the system gives them.
Result<BestRoute> best_route(const IpAddress& destination);
// The best of the routes that leave through that interface. Errors: as above; ERROR_NOT_SUPPORTED where there is no
// GetBestRoute2 that works; ERROR_NOT_FOUND for an interface that is not there.
Result<BestRoute> best_route_through(std::uint32_t interface_index, const IpAddress& destination);

// The same without a message, for the provider's hot path: allocates nothing. 0 on success.
std::uint32_t best_route(const IpAddress& destination, BestRoute& route) noexcept;
std::uint32_t best_route_through(std::uint32_t interface_index, const IpAddress& destination,
                                 BestRoute& route) noexcept;
// The function that is asked: "GetBestRoute2" or "GetBestRoute".
const char* route_function() noexcept;

}  // namespace lsp::system
