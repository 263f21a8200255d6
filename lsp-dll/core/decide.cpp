#include "decide.hpp"

#include <algorithm>

#include "text.hpp"

namespace lsp {
namespace {

constexpr bool is_separator(char c) noexcept { return c == '\\' || c == '/'; }

constexpr bool same(char pattern, char c) noexcept {
    return text::lower(pattern) == text::lower(c) || (is_separator(pattern) && is_separator(c));
}

// Goes back to the last '*' only, so it needs no recursion and no memory.
bool wildcard_match(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last '*' …
    std::size_t star_text = 0;                  // … and where the text it swallows ends
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.size() && same(pattern[p], text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool matches_app(std::string_view app, std::string_view process) noexcept {
    if (app.empty()) return true;
    if (process.empty()) return false;
    if (std::any_of(app.begin(), app.end(), is_separator)) return wildcard_match(app, process);
    const std::size_t separator = process.find_last_of("\\/");
    if (separator != std::string_view::npos) process.remove_prefix(separator + 1);
    return wildcard_match(app, process);
}

bool any_contains(const std::vector<Prefix>& prefixes, const IpAddress& address) noexcept {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& p) { return p.contains(address); });
}

bool any_contains(const std::vector<PortRange>& ranges, std::uint16_t port) noexcept {
    return std::any_of(ranges.begin(), ranges.end(), [&](PortRange r) { return r.first <= port && port <= r.last; });
}

// The cheap matchers first; the path, the only one whose cost grows with the rule's text, last.
bool matches(const Rule& rule, std::string_view process, Protocol protocol, const IpAddress& destination,
             std::uint16_t port, const Route& route) noexcept {
    if (rule.protocol != Protocol::any && rule.protocol != protocol) return false;
    if (rule.verdict == Verdict::source && rule.source.family != destination.family) return false;
    if (rule.via && (rule.via.index == 0 || rule.via.index != route.interface_index)) return false;
    if (!rule.ports.empty() && !any_contains(rule.ports, port)) return false;
    if (!rule.to.empty() && !any_contains(rule.to, destination)) return false;
    if (any_contains(rule.except, destination)) return false;
    return matches_app(rule.app, process);
}

}  // namespace

bool always_kept(const Policy& policy, const IpAddress& destination, Reason& reason) noexcept {
    const IpAddress address = destination.unmapped();
    const auto kept = [&](Reason why) {
        reason = why;
        return true;
    };
    if (!address || address.is_unspecified()) return kept(Reason::unspecified);
    if (address.is_loopback()) return kept(Reason::loopback);
    if (address.is_multicast()) return kept(Reason::multicast);
    if (address.is_limited_broadcast()) return kept(Reason::broadcast);
    if (address.is_link_local()) return kept(Reason::link_local);
    bool inside = false;
    for (const Prefix& subnet : policy.own_subnets) {
        if (!subnet.contains(address)) continue;
        if (subnet.broadcast() == address) return kept(Reason::broadcast);
        inside = true;  // and perhaps the broadcast address of a subnet that lies within this one
    }
    return inside && kept(Reason::tunnel_subnet);
}

Decision decide(const Policy& policy, std::string_view process, Protocol protocol, const IpAddress& destination,
                std::uint16_t port, const Route& route) noexcept {
    Decision decision;
    if (always_kept(policy, destination, decision.reason)) return decision;
    const IpAddress address = destination.unmapped();
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        if (!matches(rule, process, protocol, address, port, route)) continue;
        decision.rule = static_cast<std::int32_t>(i);
        // A `via` rule is carried out even so: only its pin keeps the packet from leaving elsewhere.
        if (rule.verdict == Verdict::source && !rule.via && route.interface_index != 0 &&
            route.source.unmapped() == rule.source) {
            decision.reason = Reason::already_source;
            return decision;
        }
        decision.verdict = rule.verdict;
        decision.reason = Reason::rule;
        if (rule.verdict == Verdict::source) {
            decision.otherwise = rule.otherwise;
            decision.source = rule.source;
            decision.pin_interface = rule.via.index;
        }
        return decision;
    }
    return decision;
}

const char* to_string(Reason reason) noexcept {
    switch (reason) {
        case Reason::rule: return "rule";
        case Reason::no_rule: return "no_rule";
        case Reason::unspecified: return "unspecified";
        case Reason::loopback: return "loopback";
        case Reason::multicast: return "multicast";
        case Reason::broadcast: return "broadcast";
        case Reason::link_local: return "link_local";
        case Reason::tunnel_subnet: return "tunnel_subnet";
        case Reason::already_source: return "already_source";
    }
    return "unknown";
}

}  // namespace lsp
