// The policy in an order in which a decision need not ask every rule.
#pragma once

#include <cstdint>
#include <string_view>

#include "decide.hpp"
#include "vector.hpp"

namespace lsp {

// What `decide` answers for one process, at a cost that does not grow with the number of rules: each `to` is a key in a
// sorted list of prefixes, and each rule without `to` a key in one of port prefixes. A decision looks at the rules of
// the prefixes that hold the destination and the port, and at no others; so what remains proportional is the number of
// rules that name the very same prefix (or none, and no port) and differ in `proto`, `via` or `except` only.
// An index is of the rules for what a process sends or connects to, or of those for what it accepts. For the latter the
// destination is the peer, and the port the local one (decide_incoming).
enum class Direction : std::uint8_t { out, in };

class PolicyIndex {
  public:
    PolicyIndex() = default;  // of a policy without rules

    // Passes over the rules that cannot match: those for another program (the full path of the image, UTF-8), and those
    // whose interfaces are not resolved, unless they refuse then. Memory, taken at once: 32 bytes for each `to`; for
    // each rule without `to` the same for each port, and for each range of ports up to 30 times that, 64 times in all.
    // Where that is not to be had (memory.hpp) the index is empty, and whoever gave the memory knows.
    PolicyIndex(const Policy& policy, std::string_view process, Direction direction = Direction::out);

    // The decision for a flow of that process. `policy` is the one that the index was made of. As `decide`: allocates
    // nothing, throws nothing.
    Decision decide(const Policy& policy, Protocol protocol, const IpAddress& destination, std::uint16_t port,
                    const Route& route) const noexcept;
    // The same for a destination of which always_kept has said no, and which is not v4-mapped; into a fresh decision.
    void decide_rules(const Policy& policy, Protocol protocol, const IpAddress& destination, std::uint16_t port,
                      const Route& route, Decision& decision) const noexcept;

    // Bytes that the index of so many prefixes and ports at most, in so many rules, can need. `ranges` are those of the
    // ports that are ranges.
    static constexpr std::size_t bound(std::size_t rules, std::size_t items, std::size_t ranges) noexcept {
        const std::size_t of_ranges = ranges * 30 < rules * most_port_keys ? ranges * 30 : rules * most_port_keys;
        return (rules + items + of_ranges) * sizeof(Key);
    }

    bool empty() const noexcept { return keys_.empty(); }       // every destination is kept
    bool needs_route() const noexcept { return needs_route_; }  // some rule that can match has `via`
    bool enforces() const noexcept {
        return enforces_;
    }                                                 // some rule that can match is one of those: see enforces(Rule)
    bool leads() const noexcept { return leads_; }    // … to a proxy
    bool checks() const noexcept { return checks_; }  // … or to an interface
    std::size_t memory() const noexcept { return keys_.capacity() * sizeof(Key); }  // bytes

  private:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t most_port_keys = 64;  // of one rule; one that would need more is asked for every port
    enum Space : std::uint8_t { ipv4, ipv6, ports, space_count };

    // A prefix of a rule, left-aligned: an IPv4 address or a port is the upper bits of `high`.
    struct Key {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::uint32_t rule = 0;
        std::uint32_t parent = none;  // the first rule's key of the longest prefix around this one
        std::uint8_t length = 0;
        Space space = ipv4;
        bool more = false;  // the key before this one is of the same prefix and a later rule

        bool operator<(const Key& other) const noexcept;
        bool holds(const Key& other) const noexcept;
    };

    struct Flow;

    static Key key_of(const IpAddress& address, std::uint8_t length) noexcept;
    // Calls `put` with each key of the rule.
    template <typename Put>
    static void for_each_key(const Rule& rule, std::uint32_t number, Put put);
    template <typename Put>
    static void for_each_port_key(const Rule& rule, Key key, Put put);
    void link() noexcept;
    void search(const Key& wanted, const Flow& flow, std::uint32_t& best) const noexcept;

    Vector<Key> keys_;
    std::uint32_t first_[space_count + 1] = {};  // where each space's keys start
    bool needs_route_ = false;
    bool enforces_ = false;
    bool leads_ = false;
    bool checks_ = false;
};

}  // namespace lsp
