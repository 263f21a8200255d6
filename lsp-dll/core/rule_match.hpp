// A rule's matchers, one by one, and what a rule that won says. Private to core, but for matches_app: decide.cpp asks
// all of them, rule by rule, policy_index.cpp those that its order has not answered yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "decide.hpp"

namespace lsp {

// Destinations are unmapped here.
bool matches_app(std::string_view app, std::string_view process) noexcept;
bool matches_destination(const Rule& rule, const IpAddress& destination) noexcept;  // `to` alone
bool matches_port(const Rule& rule, std::uint16_t port) noexcept;
// True if the rule has something to say of destinations of that family: its source is of it, or is none and refused.
bool serves(const Rule& rule, Family family) noexcept;
// What is left: `proto`, `via`, `except` and what serves says.
bool matches_rest(const Rule& rule, Protocol protocol, const IpAddress& destination, const Route& route) noexcept;

// What the rule says, into a fresh decision. `number` is the rule's index in Policy::rules.
void put_decision(const Rule& rule, std::size_t number, Protocol protocol, const IpAddress& destination,
                  const Route& route, Decision& decision) noexcept;

}  // namespace lsp
