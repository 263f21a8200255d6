// Who may come in (design §13): the policy's rules for connections that a process accepts.
#pragma once

#include "endpoint.hpp"
#include "socket_state.hpp"

namespace lsp::provider {

// Whether there are such rules for this process. Looks for changes of the policy before. A load or two as a rule.
bool judges_entries() noexcept;

// Whether a connection from `peer` to that local port is taken, by the policy. Counts and tells of it.
bool lets_in(const Endpoint& peer, std::uint16_t local_port) noexcept;
// The same for a connection that has been accepted, asked of the lower provider; one of which it knows no peer is
// taken.
bool lets_in(Chain& chain, SOCKET accepted) noexcept;

// The end of one that is turned away, which the program has never seen: a reset, not a goodbye.
void turn_away(Chain& chain, SOCKET accepted) noexcept;

// For a socket that an AcceptEx was given: before that call, and where it has failed at once.
void await_entry(Chain& chain, SOCKET listener, SOCKET s, SocketState& state) noexcept;
void await_no_entry(SOCKET s) noexcept;

// For such a socket, when its program tells of the connection (SO_UPDATE_ACCEPT_CONTEXT) or uses it: 0, or
// WSAECONNRESET, and then the connection is closed in both directions, and reset once the program closes it.
int check_entry(Chain& chain, SOCKET s, SocketState& state) noexcept;

}  // namespace lsp::provider
