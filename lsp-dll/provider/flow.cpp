#include "flow.hpp"

#include <algorithm>
#include <atomic>

#include "../system/coarse_clock.hpp"
#include "decision_ring.hpp"
#include "generation.hpp"
#include "inlining.hpp"
#include "policy_cache.hpp"
#include "route_cache.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

Protocol protocol_of(SocketType type) {
    switch (type) {
        case SocketType::stream: return Protocol::tcp;
        case SocketType::datagram: return Protocol::udp;
        default: return Protocol::raw;
    }
}

Counter counter_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::keep: return Counter::decided_keep;
        case Verdict::source: return Counter::decided_source;
        case Verdict::refuse: return Counter::decided_refuse;
        case Verdict::through: return Counter::decided_through;
        case Verdict::socks5: return Counter::decided_socks5;
    }
    return Counter::decided_keep;
}

constexpr std::uint32_t quiet_ms = 1000;

// A word that tells when a decision was last told of, and with which result (KnownDecision::told): the time with the
// result in its lowest bits, never 0.
constexpr std::uint32_t result_bits = 7;
static_assert(static_cast<std::uint32_t>(DecisionResult::count_) < result_bits);

constexpr std::uint32_t told_word(std::uint32_t now, DecisionResult result) noexcept {
    return (now & ~result_bits) | (1 + static_cast<std::uint32_t>(result));
}

bool was_told_lately(std::uint32_t before, std::uint32_t now_word) noexcept {
    return (before & result_bits) == (now_word & result_bits) && now_word - before < quiet_ms;
}

// A decision with that result was told of within the last second; else it is told of now. Another thread's racing tell
// costs a record too many or too few, nothing else.
bool recorded_lately(const Flow& flow) noexcept {
    if (flow.told == nullptr) return false;
    const std::uint32_t word = told_word(flow.tick, flow.result);
    if (was_told_lately(flow.told->load(std::memory_order_relaxed), word)) return true;
    flow.told->store(word, std::memory_order_relaxed);
    return false;
}

LSP_APART void tell(const Flow& flow, int error) noexcept {
    const IpAddress& destination = flow.destination.address;
    const Decision& decision = flow.decision;
    const bool meant = decision.verdict == Verdict::refuse || flow.result == DecisionResult::otherwise_refuse;
    DecisionRecord entry = record_of(decision, flow.policy_stamp, flow.protocol, destination, flow.destination.port);
    entry.error = static_cast<std::uint32_t>(error);
    entry.result = static_cast<std::uint8_t>(error != 0 && !meant ? DecisionResult::failed : flow.result);
    std::copy(decision.source.bytes.begin(), decision.source.bytes.end(), entry.source);
    entry.source_family = static_cast<std::uint8_t>(decision.source.family);
    entry.proxy_port = decision.proxy_port;
    entry.handshake = static_cast<std::uint8_t>(flow.handshake.outcome);
    entry.reply = flow.handshake.reply;
    entry.handshake_ms = flow.handshake.milliseconds;
    entry.local_port = flow.handshake.local_port;
    tell_decision(entry);
}

LSP_APART void decide_anew(const FlowKey& key, std::uint32_t generation, Flow& flow) noexcept {
    const PolicyReader reader;
    const PolicySnapshot* const snapshot = reader.get();
    if (snapshot == nullptr) return;
    if (!always_kept(snapshot->policy, key.protocol, key.destination, key.port, flow.decision.reason)) {
        Route route;
        flow.by_route = snapshot->index.needs_route();
        if (flow.by_route) route = cached_route(key.destination, flow.tick, flow.route_tick);
        snapshot->index.decide_rules(snapshot->policy, key.protocol, key.destination, key.port, route, flow.decision);
        flow.policy_stamp = snapshot->stamp;
        flow.decided = true;
    }
    remember_decision(key, generation, flow.tick, flow);
}

}  // namespace

bool has_own_choice(const SocketState& state) noexcept {
    return state.kind == SocketKind::explicit_ || state.interface_chosen || state.header_included;
}

void decide_flow(const SocketState& state, Flow& flow, bool own_choice) noexcept {
    IpAddress& address = flow.destination.address;
    if (address.is_v4_mapped()) address = address.unmapped();
    flow.protocol = protocol_of(state.type);
    flow.own_choice = own_choice;
    flow.tick = system::milliseconds();
    refresh_policy(flow.tick);
    if (!policy_decides() || (own_choice && !policy_enforces())) return;
    const FlowKey key{address, flow.destination.port, flow.protocol};
    const std::uint32_t before = generation();
    if (!find_decision(key, before, flow.tick, flow)) decide_anew(key, before, flow);
    if (own_choice) return;  // counted if it comes to be refused
    count(counter_of(flow.decision.verdict));
}

LSP_APART LSP_FLAT bool is_kept_again(SocketState state, const sockaddr* to, int to_length) noexcept {
    const std::uint32_t now = system::milliseconds();
    if (is_time_to_look(now)) return false;
    if (!policy_decides()) return true;
    Endpoint destination;
    if (!read_endpoint(to, to_length, state.family, destination)) return false;
    IpAddress& address = destination.address;
    if (address.is_v4_mapped()) address = address.unmapped();
    KeptDecision kept;
    if (!find_kept({address, destination.port, protocol_of(state.type)}, generation(), now, kept)) return false;
    if (kept.decided && !was_told_lately(kept.told, told_word(now, DecisionResult::carried_out))) return false;
    count(Counter::decided_keep);
    return true;
}

void record_led(const Flow& flow, int error) noexcept { tell(flow, error); }

void record(const Flow& flow, int error) noexcept {
    if (flow.lead != nullptr) return;  // it is told of when it has ended
    if (flow.decided && !recorded_lately(flow)) tell(flow, error);
}

}  // namespace lsp::provider
