// What is to be done for a socket that is about to reach a destination.
#pragma once

#include "../core/decide.hpp"
#include "chain.hpp"
#include "endpoint.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

// A destination under decision, and what has become of it.
struct Flow {
    Endpoint destination;  // unmapped
    Protocol protocol = Protocol::any;
    Decision decision;
    std::uint32_t tick = 0;  // GetTickCount when it was decided
    std::uint32_t policy_stamp = 0;
    DecisionResult result = DecisionResult::carried_out;
    bool decided = false;  // by the policy: not one of the destinations that are always kept
};

// The state of the socket. One that we never saw (inherited, duplicated, opened before a policy was there) is looked at
// once through the lower provider's getsockname.
SocketState state_of(Chain& chain, SOCKET s) noexcept;

// The decision for the socket's destination, counted. Keeps everything while no policy is active.
Flow decide_flow(const SocketState& state, const Endpoint& destination) noexcept;

// Enters the flow into the ring of recent decisions; `error` is what the program gets, 0 if the call goes on. Once a
// second at most for the same flow with the same outcome, so that datagrams do not drown everything else.
void record(const Flow& flow, int error) noexcept;

// Binds a deferred socket to the wildcard below; others are left as they are. 0, or the error that the lower bind gave.
int settle(Chain& chain, SOCKET s, SocketState& state) noexcept;
// The same for calls that only need to know that the socket is no longer deferred.
int settle(Chain& chain, SOCKET s) noexcept;

// Binds an unbound or deferred socket to the wildcard below, as a send without a bind does by itself.
int bind_wildcard(Chain& chain, SOCKET s, SocketState& state) noexcept;

// Carries out a decision on a socket before it connects (WSPConnect, ConnectEx), or before it sends where the lower
// provider cannot choose the source for each datagram. 0: go on with the lower call; else the error to give the
// program.
int prepare(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;

// What a rule's `otherwise` says where its source cannot be used. 0: go on as if there were no rule; else `error`.
// Counted.
int apply_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow, int error, Counter why) noexcept;

// The error that a program gets where a rule says refuse: what a firewall's block would give.
inline constexpr int refused_error = WSAEACCES;

// A call that binds implicitly went through: what was unbound is bound to the wildcard now.
void note_implicit_bind(SOCKET s, const SocketState& state) noexcept;

// A datagram or raw socket has a default destination now, or none any more.
void note_connected(SOCKET s, bool connected) noexcept;

}  // namespace lsp::provider
