// A flow: a destination under one decision, and what has become of it. Deciding it, and telling of it; action.hpp
// carries it out.
#pragma once

#include "../core/decide.hpp"
#include "../core/decision_record.hpp"
#include "chain.hpp"
#include "decision_cache.hpp"
#include "endpoint.hpp"

namespace lsp::provider {

struct Handshake;

struct Flow : KnownDecision {
    Endpoint destination;  // unmapped once it is decided
    Protocol protocol = Protocol::any;
    std::uint32_t tick = 0;  // system::milliseconds when it was asked for
    DecisionResult result = DecisionResult::carried_out;
    bool own_choice = false;    // the program chose the source itself: it is not changed, but it may be refused
    Handshake* lead = nullptr;  // the connection goes to a proxy (leading.hpp)
    struct {
        HandshakeOutcome outcome = HandshakeOutcome::none;
        std::uint8_t reply = 0;  // the proxy's
        std::uint32_t milliseconds = 0;
        std::uint16_t local_port = 0;  // of the connection that was led
    } handshake;
};

// Whether the program chose the source of all that the socket sends: an address that it bound, IP_UNICAST_IF, or a raw
// socket's IP header.
bool has_own_choice(const SocketState& state) noexcept;

// Decides for the flow's destination, as the program named it, and counts. Keeps everything while no policy is active,
// and what the program chose itself while no rule can refuse it.
void decide_flow(const SocketState& state, Flow& flow, bool own_choice) noexcept;

// Whether a datagram of a wildcard socket goes as the program sends it, because it was decided before that it is kept,
// or because no policy is active; then it has been counted, and nothing else is to be done. False: that is not certain.
bool is_kept_again(SocketState state, const sockaddr* to, int to_length) noexcept;

// Enters the flow into the ring of recent decisions; `error` is what the program gets, 0 if the call goes on. Once a
// second at most for the same flow with the same outcome, so that datagrams do not drown everything else.
void record(const Flow& flow, int error) noexcept;
// The same for a connection that went to a proxy, each of which is told of.
void record_led(const Flow& flow, int error) noexcept;

}  // namespace lsp::provider
