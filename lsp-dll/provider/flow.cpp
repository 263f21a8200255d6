#include "flow.hpp"

#include <windows.h>

#include <algorithm>
#include <atomic>

#include "decision_ring.hpp"
#include "generation.hpp"
#include "policy_cache.hpp"
#include "process.hpp"
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

constexpr std::uint32_t quiet_ms = 1000;

// A decision with that result was told of within the last second. Its word (KnownDecision::told) is the tick with the
// result in the lowest bits, never 0; another thread's racing tell costs a record too many or too few, nothing else.
bool recorded_lately(const Flow& flow) noexcept {
    if (flow.told == nullptr) return false;
    constexpr std::uint32_t result_bits = 7;
    static_assert(static_cast<std::uint32_t>(DecisionResult::count_) < result_bits);
    const std::uint32_t now = (flow.tick & ~result_bits) | (1 + static_cast<std::uint32_t>(flow.result));
    const std::uint32_t before = flow.told->load(std::memory_order_relaxed);
    if ((before & result_bits) == (now & result_bits) && now - before < quiet_ms) return true;
    flow.told->store(now, std::memory_order_relaxed);
    return false;
}

void decide_anew(const FlowKey& key, std::uint32_t generation, Flow& flow) noexcept {
    const PolicyReader reader;
    const PolicySnapshot* const snapshot = reader.get();
    if (snapshot == nullptr) return;
    if (!always_kept(snapshot->policy, key.destination, flow.decision.reason)) {
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
    flow.tick = GetTickCount();
    refresh_policy(flow.tick);
    if (!policy_decides() || (own_choice && !policy_enforces())) return;
    const FlowKey key{address, flow.destination.port, flow.protocol};
    const std::uint32_t before = generation();
    if (!find_decision(key, before, flow.tick, flow)) decide_anew(key, before, flow);
    if (own_choice) return;  // counted if it comes to be refused
    count(flow.decision.verdict == Verdict::keep     ? Counter::decided_keep
          : flow.decision.verdict == Verdict::source ? Counter::decided_source
                                                     : Counter::decided_refuse);
}

void record(const Flow& flow, int error) noexcept {
    if (!flow.decided || recorded_lately(flow)) return;
    const IpAddress& destination = flow.destination.address;
    const Decision& decision = flow.decision;
    const bool meant = decision.verdict == Verdict::refuse || flow.result == DecisionResult::otherwise_refuse;
    DecisionRecord entry;
    FILETIME time{};
    GetSystemTimeAsFileTime(&time);
    entry.time = std::uint64_t{time.dwHighDateTime} << 32U | time.dwLowDateTime;
    entry.process_id = GetCurrentProcessId();
    entry.rule = decision.rule;
    entry.policy_stamp = flow.policy_stamp;
    entry.error = static_cast<std::uint32_t>(error);
    entry.port = flow.destination.port;
    entry.protocol = static_cast<std::uint8_t>(flow.protocol);
    entry.verdict = static_cast<std::uint8_t>(decision.verdict);
    entry.reason = static_cast<std::uint8_t>(decision.reason);
    entry.result = static_cast<std::uint8_t>(error != 0 && !meant ? DecisionResult::failed : flow.result);
    entry.family = static_cast<std::uint8_t>(destination.family);
    std::copy(destination.bytes.begin(), destination.bytes.end(), entry.destination);
    std::copy(decision.source.bytes.begin(), decision.source.bytes.end(), entry.source);
    copy_image_name(process_path(), entry.image);
    tell_decision(entry);
}

}  // namespace lsp::provider
