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
    bool decided = false;  // by the policy: not one of the destinations that are always kept
};

// The decision for the socket's destination, counted. Keeps everything while no policy is active.
Flow decide_flow(const SocketState& state, const Endpoint& destination) noexcept;

// Enters the flow into the ring of recent decisions; `error` is what the program gets, 0 if the call goes on. Once a
// second at most for the same flow with the same outcome, so that datagrams do not drown everything else.
void record(const Flow& flow, int error) noexcept;

}  // namespace lsp::provider
