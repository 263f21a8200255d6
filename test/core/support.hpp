// What the tests of this folder share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <variant>

#include "core/address.hpp"
#include "core/decide.hpp"
#include "core/policy.hpp"
#include "core/readable.hpp"
#include "core/tunnel.hpp"

namespace lsp {

// So that a failed check shows the values.
std::ostream& operator<<(std::ostream& out, const IpAddress& address);
std::ostream& operator<<(std::ostream& out, const Prefix& prefix);
std::ostream& operator<<(std::ostream& out, const Rule& rule);
std::ostream& operator<<(std::ostream& out, const Tunnel& tunnel);
std::ostream& operator<<(std::ostream& out, Reason reason);
std::ostream& operator<<(std::ostream& out, Verdict verdict);
std::ostream& operator<<(std::ostream& out, Otherwise otherwise);
std::ostream& operator<<(std::ostream& out, Protocol protocol);

}  // namespace lsp

namespace support {

// Of valid text; a test that gives anything else fails.
lsp::IpAddress address(std::string_view text);
lsp::Prefix prefix(std::string_view text);
lsp::Rule rule(std::string_view text);

// How often this thread has called operator new.
std::size_t allocations();

// The same numbers on every machine for a given seed (the standard distributions promise no such thing).
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    bool chance(unsigned percent) { return below(100) < percent; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }

    template <typename Container>
    const auto& one_of(const Container& items) {
        return items[static_cast<std::size_t>(below(std::size(items)))];
    }

    lsp::IpAddress address(lsp::Family family);       // any at all, with long runs of zeros among them
    lsp::IpAddress host_address(lsp::Family family);  // an ordinary unicast one
    std::string bytes(std::size_t longest);
    // `text` with a few bytes changed, removed, doubled or put in.
    std::string mutated(std::string text);

  private:
    std::mt19937_64 engine_;
};

}  // namespace support
