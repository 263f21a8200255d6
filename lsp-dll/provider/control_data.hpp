// IP_PKTINFO and IPV6_PKTINFO control data that name a datagram's source (RFC 3542 §6; WSASendMsg).
#pragma once

#include <winsock2.h>

#include <cstdint>

#include "../core/address.hpp"

namespace lsp::provider {

// The control data that sends from `source` through the interface (0: any). Made once for each pair and kept for the
// life of the process, so an overlapped send may use it for as long as it takes. Null only if there is no memory.
const WSABUF* source_control_data(const IpAddress& source, std::uint32_t interface_index) noexcept;

// Of control data that a program brings: whether there is any, and whether it names a source itself.
bool has_control_data(const WSABUF& control) noexcept;
bool has_packet_info(const WSABUF& control) noexcept;

}  // namespace lsp::provider
