#include "policy_index.hpp"

#include <algorithm>

#include "rule_match.hpp"

namespace lsp {
namespace {

constexpr std::uint32_t port_bits = 16;

// Ranges of ports as prefixes: the largest aligned block at `first` that does not pass `last`, in bits.
std::uint32_t block_bits(std::uint32_t first, std::uint32_t last) noexcept {
    std::uint32_t bits = 0;
    while (bits < port_bits && (first & ((2U << bits) - 1)) == 0 && first + (2U << bits) - 1 <= last) ++bits;
    return bits;
}

std::uint64_t big_endian(const std::uint8_t* bytes) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) value = value << 8U | bytes[i];
    return value;
}

constexpr std::uint64_t left_aligned(std::uint64_t value, std::uint32_t bits) noexcept { return value << (64U - bits); }

}  // namespace

struct PolicyIndex::Flow {
    const Policy& policy;
    Protocol protocol;
    const IpAddress& destination;
    std::uint16_t port;
    const Route& route;
};

// The keys that lie within a prefix follow its own; of one prefix, the first rule's comes last, where a search arrives.
bool PolicyIndex::Key::operator<(const Key& other) const noexcept {
    if (space != other.space) return space < other.space;
    if (high != other.high) return high < other.high;
    if (low != other.low) return low < other.low;
    if (length != other.length) return length < other.length;
    return rule > other.rule;
}

bool PolicyIndex::Key::holds(const Key& other) const noexcept {
    if (space != other.space || length > other.length) return false;
    if (length == 0) return true;
    if (length <= 64) return (high ^ other.high) >> (64U - length) == 0;
    return high == other.high && (low ^ other.low) >> (128U - length) == 0;
}

PolicyIndex::Key PolicyIndex::key_of(const IpAddress& address, std::uint8_t length) noexcept {
    Key key;
    // An IPv4 address is the first four bytes, and the others are zeros.
    key.high = big_endian(address.bytes.data());
    key.low = big_endian(address.bytes.data() + 8);
    key.length = length;
    key.space = address.family == Family::ipv4 ? ipv4 : ipv6;
    return key;
}

template <typename Put>
void PolicyIndex::for_each_key(const Rule& rule, std::uint32_t number, Put put) {
    for (const Prefix& prefix : rule.to) {
        if (!prefix.address || prefix.length > prefix.address.bit_length()) continue;
        if (!serves(rule, prefix.address.family)) continue;
        Key key = key_of(prefix.network(), prefix.length);
        key.rule = number;
        put(key);
    }
    if (!rule.to.empty()) return;
    Key key;
    key.rule = number;
    key.space = ports;
    std::size_t count = 0;
    for_each_port_key(rule, key, [&count](const Key&) { ++count; });
    if (count != 0 && count <= most_port_keys) return for_each_port_key(rule, key, put);
    put(key);
}

template <typename Put>
void PolicyIndex::for_each_port_key(const Rule& rule, Key key, Put put) {
    for (const PortRange range : rule.ports) {
        for (std::uint32_t first = range.first; first <= range.last;) {
            const std::uint32_t bits = block_bits(first, range.last);
            key.high = left_aligned(first, port_bits);
            key.length = static_cast<std::uint8_t>(port_bits - bits);
            put(key);
            first += 1U << bits;
        }
    }
}

PolicyIndex::PolicyIndex(const Policy& policy, std::string_view process, Direction direction) {
    const auto for_each_usable = [&policy, process, direction](auto visit) {
        for (std::size_t i = 0; i < policy.rules.size(); ++i) {
            const Rule& rule = policy.rules[i];
            const bool usable = serves(rule, rule.source ? rule.source.family : Family::ipv4);
            if (usable && rule.incoming == (direction == Direction::in) && (!rule.via || rule.via.index != 0) &&
                matches_app(rule.app, process)) {
                visit(rule, static_cast<std::uint32_t>(i));
            }
        }
    };
    std::size_t count = 0;
    for_each_usable([&count](const Rule& rule, std::uint32_t number) {
        for_each_key(rule, number, [&count](const Key&) { ++count; });
    });
    if (!keys_.reserve(count)) return;
    for_each_usable([this](const Rule& rule, std::uint32_t number) {
        needs_route_ = needs_route_ || rule.via;
        leads_ = leads_ || rule.verdict == Verdict::socks5;
        checks_ = checks_ || rule.verdict == Verdict::socks5 || rule.verdict == Verdict::through;
        enforces_ = enforces_ || lsp::enforces(rule);
        for_each_key(rule, number, [this](const Key& key) { keys_.push_back(key); });
    });
    // Not std::sort: this is a third of its code, in every process.
    std::make_heap(keys_.begin(), keys_.end());
    std::sort_heap(keys_.begin(), keys_.end());
    link();
}

void PolicyIndex::link() noexcept {
    std::uint32_t before = none;
    for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        Key& key = keys_[i];
        for (std::uint32_t space = key.space + 1U; space <= space_count; ++space) first_[space] = i + 1;
        if (before != none && keys_[before].length == key.length && keys_[before].holds(key)) {
            key.more = true;
            key.parent = keys_[before].parent;
        } else {
            while (before != none && !keys_[before].holds(key)) before = keys_[before].parent;
            key.parent = before;
        }
        before = i;
    }
}

// `best` is the lowest number of a rule that matches, so far.
void PolicyIndex::search(const Key& wanted, const Flow& flow, std::uint32_t& best) const noexcept {
    const auto start = keys_.begin() + first_[wanted.space];
    const auto end = keys_.begin() + first_[wanted.space + 1];
    // The last key that is not after the wanted address: every prefix that holds the address is this one or around it.
    const auto after = std::upper_bound(start, end, wanted, [](const Key& a, const Key& b) noexcept {
        return a.high != b.high ? a.high < b.high : a.low < b.low;
    });
    std::uint32_t i = after == start ? none : static_cast<std::uint32_t>(after - keys_.begin()) - 1;
    bool inside = false;  // then all that follow hold the address, too
    while (i != none) {
        const Key& key = keys_[i];
        inside = inside || key.holds(wanted);
        if (!inside || key.rule >= best) {
            i = key.parent;  // the rules of this prefix that are left come later still
            continue;
        }
        const Rule& rule = flow.policy.rules[key.rule];
        const bool port_known = key.space == ports && key.length != 0;
        if (matches_rest(rule, flow.protocol, flow.destination, flow.route) &&
            (port_known || matches_port(rule, flow.port))) {
            best = key.rule;
        } else if (key.more) {
            --i;
            continue;
        }
        i = key.parent;
    }
}

Decision PolicyIndex::decide(const Policy& policy, Protocol protocol, const IpAddress& destination, std::uint16_t port,
                             const Route& route) const noexcept {
    Decision decision;
    if (!always_kept(policy, protocol, destination, port, decision.reason)) {
        decide_rules(policy, protocol, destination.unmapped(), port, route, decision);
    }
    return decision;
}

void PolicyIndex::decide_rules(const Policy& policy, Protocol protocol, const IpAddress& destination,
                               std::uint16_t port, const Route& route, Decision& decision) const noexcept {
    const Flow flow{policy, protocol, destination, port, route};
    std::uint32_t best = none;
    search(key_of(destination, static_cast<std::uint8_t>(destination.bit_length())), flow, best);
    Key port_key;
    port_key.high = left_aligned(port, port_bits);
    port_key.length = port_bits;
    port_key.space = ports;
    search(port_key, flow, best);
    if (best != none) put_decision(policy.rules[best], best, protocol, destination, route, decision);
}

}  // namespace lsp
