// A flow: a destination under one decision, and what has become of it. Deciding it, and telling of it; action.hpp
// carries it out.
#pragma once

#include "../core/decide.hpp"
#include "../core/telemetry_layout.hpp"
#include "chain.hpp"
#include "endpoint.hpp"

namespace lsp::provider {

struct Flow {
    Endpoint destination;  // unmapped
    Protocol protocol = Protocol::any;
    Decision decision;
    std::uint32_t tick = 0;  // GetTickCount when it was decided
    std::uint32_t policy_stamp = 0;
    DecisionResult result = DecisionResult::carried_out;
    bool decided = false;     // by the policy: not one of the destinations that are always kept
    bool own_choice = false;  // the program chose the source itself: it is not changed, but it may be refused
};

// Whether the program chose the source of all that the socket sends: an address that it bound, IP_UNICAST_IF, or a raw
// socket's IP header.
bool has_own_choice(const SocketState& state) noexcept;

// The decision for the socket's destination, counted. Keeps everything while no policy is active, and what the program
// chose itself while no rule can refuse it.
Flow decide_flow(const SocketState& state, const Endpoint& destination, bool own_choice) noexcept;

// Enters the flow into the ring of recent decisions; `error` is what the program gets, 0 if the call goes on. Once a
// second at most for the same flow with the same outcome, so that datagrams do not drown everything else.
void record(const Flow& flow, int error) noexcept;

}  // namespace lsp::provider
