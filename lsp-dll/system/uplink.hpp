// What keeps a tunnel of somebody who is no administrator off the way to the network (delegation.hpp).
#pragma once

#include <cstdint>

#include "../core/address.hpp"

namespace lsp::system {

// True if the interface has the best default route of that family, or one that is as good: the metrics of route and
// interface together, of interfaces that are connected. GetIpForwardTable2, or GetIpForwardTable (IPv4) where that is
// absent. False if the system cannot tell; true if it has no memory for the answer.
bool carries_default_route(std::uint32_t interface_index, Family family) noexcept;

// Of the host model (design §8): whether a packet may leave through another interface than the one that has its source,
// and arrive at another than the one that has its destination. True where the system knows no other way (platform.hpp).
bool sends_as_weak_host(std::uint32_t interface_index, Family family) noexcept;
bool receives_as_weak_host(std::uint32_t interface_index, Family family) noexcept;

}  // namespace lsp::system
