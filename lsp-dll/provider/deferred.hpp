// Sockets whose bind to the wildcard and port 0 was answered without a lower call, and what they need until the real
// bind: a port that the program was told, and an end to the waiting of pollers.
#pragma once

#include "chain.hpp"

namespace lsp::provider {

// For WSPGetSockName: a helper socket that is bound to the wildcard and the port which the deferred socket will get.
// The same one each time. INVALID_SOCKET if none can be had, or the socket is no longer deferred.
SOCKET reserve_port(Chain& chain, SOCKET s, SocketState& state) noexcept;

// The port that the program was told, 0 if none; frees it, so that the socket itself can be bound to it now.
std::uint16_t take_port(SOCKET s, const SocketState& state) noexcept;

// The program is about to poll the datagram socket behind our back, where one that is not bound never becomes readable
// or writable. It may connect at once, as tokio's do, and is then decided; if it has not within a tenth of a second, it
// is bound to the wildcard by a timer of the system's pool. 0, or the lower bind's error where there is no timer.
int settle_soon(Chain& chain, SOCKET s, SocketState& state) noexcept;

}  // namespace lsp::provider
