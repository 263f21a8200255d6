#include "decide.hpp"

#include <algorithm>

#include "rule_match.hpp"

namespace lsp {

bool always_kept(const Policy& policy, Protocol protocol, const IpAddress& address, std::uint16_t port,
                 Reason& reason) noexcept {
    if (address.is_v4_mapped()) return always_kept(policy, protocol, address.unmapped(), port, reason);
    const auto kept = [&](Reason why) {
        reason = why;
        return true;
    };
    if (!address || address.is_unspecified()) return kept(Reason::unspecified);
    if (address.is_loopback()) return kept(Reason::loopback);
    if (address.is_multicast()) return kept(Reason::multicast);
    if (address.is_limited_broadcast()) return kept(Reason::broadcast);
    if (address.is_link_local()) return kept(Reason::link_local);
    if (protocol == Protocol::tcp &&
        std::find(policy.proxies.begin(), policy.proxies.end(), Proxy{address, port}) != policy.proxies.end()) {
        return kept(Reason::proxy);
    }
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
    if (always_kept(policy, protocol, destination, port, decision.reason)) return decision;
    const IpAddress address = destination.unmapped();
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        // The path, the only one whose cost grows with the rule's text, last.
        if (!rule.incoming && matches_rest(rule, protocol, address, route) && matches_port(rule, port) &&
            matches_destination(rule, address) && matches_app(rule.app, process)) {
            put_decision(rule, i, protocol, address, route, decision);
            return decision;
        }
    }
    return decision;
}

bool always_let_in(const IpAddress& peer, Reason& reason) noexcept {
    if (!peer.unmapped().is_loopback()) return false;
    reason = Reason::loopback;
    return true;
}

Decision decide_incoming(const Policy& policy, std::string_view process, const IpAddress& peer,
                         std::uint16_t local_port) noexcept {
    Decision decision;
    if (always_let_in(peer, decision.reason)) return decision;
    const IpAddress address = peer.unmapped();
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        if (rule.incoming && matches_rest(rule, Protocol::tcp, address, {}) && matches_port(rule, local_port) &&
            matches_destination(rule, address) && matches_app(rule.app, process)) {
            put_decision(rule, i, Protocol::tcp, address, {}, decision);
            return decision;
        }
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
        case Reason::no_source: return "no_source";
        case Reason::unknown_action: return "unknown_action";
        case Reason::proxy: return "proxy";
        case Reason::not_tcp: return "not_tcp";
    }
    return "unknown";
}

}  // namespace lsp
