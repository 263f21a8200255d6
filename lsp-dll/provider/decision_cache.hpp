// Decisions by flow, remembered for as long as what they rest on is the same.
#pragma once

#include <atomic>
#include <cstdint>

#include "../core/decide.hpp"

namespace lsp::provider {

// What a decision depends on but for the policy and the routes, which the generation stands for.
struct FlowKey {
    const IpAddress& destination;  // unmapped
    std::uint16_t port;
    Protocol protocol;
};

struct KnownDecision {
    Decision decision;
    std::uint32_t policy_stamp = 0;
    bool decided = false;          // by the policy: not one of the destinations that are always kept
    bool by_route = false;         // good as long as the route that it rests on
    std::uint32_t route_tick = 0;  // system::milliseconds when that route was looked up
    // When such a decision was last told of, for flow.cpp; null where there is no place to remember it.
    std::atomic<std::uint32_t>* told = nullptr;
};

// Whether the decision was made under this generation, and its route, if it has one, is not too old; then `known` is
// that decision. Waits for nobody and writes nothing. `now`: system::milliseconds.
bool find_decision(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KnownDecision& known) noexcept;

// As find_decision, for what is kept, and only what must be known of that before nothing is done.
struct KeptDecision {
    std::uint32_t told;  // the word that KnownDecision::told leads to
    bool decided;
};
bool find_kept(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KeptDecision& kept) noexcept;

// Remembers it, in the place of another one if need be. `generation` was read before the policy and the routes were.
void remember_decision(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KnownDecision& known) noexcept;

}  // namespace lsp::provider
