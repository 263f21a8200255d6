#include "flow.hpp"

#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "decision_ring.hpp"
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

constexpr DWORD quiet_ms = 1000;

// What this process has recorded lately: the flow's hash and when. A collision costs a record, nothing else.
std::atomic<std::uint64_t> recent[64];

std::uint32_t hash_of(const Flow& flow) noexcept {
    std::uint64_t address[2];
    std::memcpy(address, flow.destination.address.bytes.data(), sizeof(address));
    const std::uint64_t rest = std::uint64_t{flow.policy_stamp} << 32U | std::uint64_t{flow.destination.port} << 16U |
                               static_cast<std::uint64_t>(flow.protocol) << 8U |
                               static_cast<std::uint64_t>(flow.decision.verdict) << 4U |
                               static_cast<std::uint64_t>(flow.result);
    // Multiplied by odd constants (of SplitMix64), so that every bit reaches the upper half.
    std::uint64_t hash = address[0] * 0xbf58476d1ce4e5b9U ^ address[1] * 0x94d049bb133111ebU;
    hash = (hash ^ hash >> 29U ^ rest) * 0x9e3779b97f4a7c15U;
    return static_cast<std::uint32_t>(hash >> 32U);
}

bool recorded_lately(const Flow& flow) noexcept {
    const std::uint32_t hash = hash_of(flow);
    const DWORD now = flow.tick;
    std::atomic<std::uint64_t>& place = recent[hash % 64];
    const std::uint64_t before = place.load(std::memory_order_relaxed);
    if (before >> 32U == hash && now - static_cast<DWORD>(before) < quiet_ms) return true;
    place.store(std::uint64_t{hash} << 32U | now, std::memory_order_relaxed);
    return false;
}

void copy_image(char (&image)[longest_image_name]) noexcept {
    std::string_view name = process_path();
    const std::size_t separator = name.find_last_of("\\/");
    if (separator != std::string_view::npos) name.remove_prefix(separator + 1);
    if (name.size() > longest_image_name) name.remove_prefix(name.size() - longest_image_name);
    std::copy(name.begin(), name.end(), image);
}

}  // namespace

bool has_own_choice(const SocketState& state) noexcept {
    return state.kind == SocketKind::explicit_ || state.interface_chosen || state.header_included;
}

Flow decide_flow(const SocketState& state, const Endpoint& destination, bool own_choice) noexcept {
    Flow flow;
    flow.destination = destination;
    IpAddress& address = flow.destination.address;
    if (address.is_v4_mapped()) address = address.unmapped();
    flow.protocol = protocol_of(state.type);
    flow.own_choice = own_choice;
    flow.tick = GetTickCount();
    const PolicyReader reader(flow.tick);
    const PolicySnapshot* const snapshot = reader.get();
    if (snapshot == nullptr || (own_choice && !snapshot->index.enforces())) return flow;
    Decision& decision = flow.decision;
    if (!always_kept(snapshot->policy, address, decision.reason)) {
        const Route route = snapshot->index.needs_route() ? cached_route(address, flow.tick) : Route{};
        snapshot->index.decide_rules(snapshot->policy, flow.protocol, address, destination.port, route, decision);
        flow.policy_stamp = snapshot->stamp;
        flow.decided = true;
    }
    if (own_choice) return flow;  // counted if it comes to be refused
    count(decision.verdict == Verdict::keep     ? Counter::decided_keep
          : decision.verdict == Verdict::source ? Counter::decided_source
                                                : Counter::decided_refuse);
    return flow;
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
    copy_image(entry.image);
    tell_decision(entry);
}

}  // namespace lsp::provider
