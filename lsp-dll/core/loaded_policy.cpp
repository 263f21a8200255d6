#include "loaded_policy.hpp"

#include "arena.hpp"

namespace lsp {
namespace {

constexpr std::size_t rules_of_tunnel = 2;
constexpr std::size_t texts_of_rule =
    4;  // app, via, login and owner or an interface; a list for each of to, except and port

void make_room(std::size_t rules, std::size_t tunnels, LoadedPolicy& loaded) {
    loaded.policy.rules.reserve(rules + rules_of_tunnel * tunnels);
    loaded.policy.own_subnets.reserve(rules_of_tunnel * tunnels);
}

}  // namespace

std::size_t loaded_bytes(const RulesBound& bound, std::size_t tunnels) noexcept {
    const std::size_t of_tunnels = rules_of_tunnel * tunnels;
    const std::size_t rules = bound.lines + of_tunnels;
    const std::size_t items = bound.items + of_tunnels;
    // Each text ends with a zero, and each allocation is rounded.
    const std::size_t rounding = texts_of_rule * (1 + 2 * (memory::alignment - 1));
    return Arena::rounded(rules * sizeof(Rule)) + Arena::rounded(of_tunnels * sizeof(Prefix)) + rules * rounding +
           bound.text + items * sizeof(Prefix) + PolicyIndex::bound(rules, items, bound.ranges) +
           2 * memory::alignment + Arena::rounded(bound.lines * sizeof(Proxy));
}

void begin_rules(const RulesBound& bound, std::size_t tunnels, LoadedPolicy& loaded) {
    make_room(bound.lines, tunnels, loaded);
    loaded.own_bound = bound;
}

bool load_rules(StoredBytes stored, const RulesBound& bound, std::size_t tunnels, String& line, LoadedPolicy& loaded,
                Fault& fault) {
    begin_rules(bound, tunnels, loaded);
    if (!read_stored_rules(stored, line, loaded.policy.rules, loaded.own_stamp, fault)) return false;
    note_proxies(loaded.policy);
    loaded.own_rules = loaded.policy.rules.size();
    loaded.stamp = loaded.own_stamp;
    return true;
}

void take_rules(const LoadedPolicy& from, std::size_t tunnels, LoadedPolicy& loaded) {
    make_room(from.own_rules, tunnels, loaded);
    loaded.policy.rules.append(from.policy.rules.begin(), from.policy.rules.begin() + from.own_rules);
    note_proxies(loaded.policy);
    loaded.own_rules = loaded.policy.rules.size();
    loaded.own_stamp = from.own_stamp;
    loaded.own_bound = from.own_bound;
    loaded.stamp = loaded.own_stamp;
}

void load_tunnel(const Tunnel& tunnel, LoadedPolicy& loaded) {
    add_tunnel(tunnel, loaded.policy);
    loaded.stamp.add_tunnel(tunnel);
    ++loaded.tunnels;
}

void load_index(std::string_view process, LoadedPolicy& loaded) {
    loaded.index = PolicyIndex(loaded.policy, process);
    loaded.incoming = PolicyIndex(loaded.policy, process, Direction::in);
}

void copy_loaded(const LoadedPolicy& from, LoadedPolicy& loaded) {
    loaded.policy = from.policy;
    loaded.stamp = from.stamp;
    loaded.own_rules = from.own_rules;
    loaded.own_stamp = from.own_stamp;
    loaded.own_bound = from.own_bound;
    loaded.tunnels = from.tunnels;
}

}  // namespace lsp
