#include "rule_match.hpp"

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

bool any_contains(const Vector<Prefix>& prefixes, const IpAddress& address) noexcept {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& p) { return p.contains(address); });
}

bool any_contains(const Vector<PortRange>& ranges, std::uint16_t port) noexcept {
    return std::any_of(ranges.begin(), ranges.end(), [&](PortRange r) { return r.first <= port && port <= r.last; });
}

}  // namespace

bool matches_app(std::string_view app, std::string_view process) noexcept {
    if (app.empty()) return true;
    if (process.empty()) return false;
    if (std::any_of(app.begin(), app.end(), is_separator)) return wildcard_match(app, process);
    const std::size_t separator = process.find_last_of("\\/");
    if (separator != std::string_view::npos) process.remove_prefix(separator + 1);
    return wildcard_match(app, process);
}

bool matches_destination(const Rule& rule, const IpAddress& destination) noexcept {
    return rule.to.empty() || any_contains(rule.to, destination);
}

bool matches_port(const Rule& rule, std::uint16_t port) noexcept {
    return rule.ports.empty() || any_contains(rule.ports, port);
}

// An interface loses its address with the tunnel that it is of: who wrote `otherwise refuse` does not want the program
// to leave without it.
bool serves(const Rule& rule, Family family) noexcept {
    if (rule.unknown == Unknown::incoming) return false;
    return rule.verdict != Verdict::source || rule.source.family == family ||
           (rule.interface_name && rule.otherwise == Otherwise::refuse);
}

bool matches_rest(const Rule& rule, Protocol protocol, const IpAddress& destination, const Route& route) noexcept {
    if (rule.protocol != Protocol::any && rule.protocol != protocol) return false;
    if (!serves(rule, destination.family)) return false;
    if (rule.via && (rule.via.index == 0 || rule.via.index != route.interface_index)) return false;
    return !any_contains(rule.except, destination);
}

void put_decision(const Rule& rule, std::size_t number, Protocol protocol, const IpAddress& destination,
                  const Route& route, Decision& decision) noexcept {
    decision.rule = static_cast<std::int32_t>(number);
    decision.verdict = rule.verdict;
    decision.reason = rule.unknown == Unknown::action ? Reason::unknown_action : Reason::rule;
    // What the rule cannot serve.
    const auto fall_back = [&](Reason reason) {
        decision.verdict = rule.otherwise == Otherwise::refuse ? Verdict::refuse : Verdict::keep;
        decision.reason = reason;
    };
    switch (rule.verdict) {
        case Verdict::keep:
        case Verdict::refuse: return;
        case Verdict::source:
            if (rule.source.family != destination.family) return fall_back(Reason::no_source);
            // A `via` rule is carried out even so: only its pin keeps the packet from leaving elsewhere. And one that
            // refuses: the route that this is of can be gone before the socket is connected.
            if (!rule.via && rule.otherwise == Otherwise::keep && route.interface_index != 0 &&
                route.source.unmapped() == rule.source) {
                decision.verdict = Verdict::keep;
                decision.reason = Reason::already_source;
                return;
            }
            decision.source = rule.source;
            decision.pin_interface = rule.via.index;
            break;
        case Verdict::through: {
            const IpAddress& own = destination.family == Family::ipv4 ? rule.source : rule.source6;
            if (rule.interface_name.index == 0 || !own) return fall_back(Reason::no_source);
            decision.source = own;
            decision.pin_interface = rule.interface_name.index;
            break;
        }
        case Verdict::socks5:
            if (protocol != Protocol::tcp) return fall_back(Reason::not_tcp);
            decision.source = rule.source;
            decision.proxy_port = rule.proxy_port;
            break;
    }
    decision.otherwise = rule.otherwise;
}

}  // namespace lsp
