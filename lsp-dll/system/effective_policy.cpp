#include "effective_policy.hpp"

namespace lsp::system {

std::string EffectivePolicy::tunnel_of(std::size_t rule) const {
    std::size_t end = own_rules;
    if (rule < end) return {};
    for (const Tunnel& tunnel : tunnels) {
        end += tunnel_rules(tunnel).size();
        if (rule < end) return std::string(tunnel.name);
    }
    return {};
}

const Rule* EffectivePolicy::rule_of(std::int32_t rule, std::uint32_t policy_stamp) const {
    const auto number = static_cast<std::size_t>(rule);
    const bool known = rejected.empty() && rule >= 0 && policy_stamp == stamp && number < policy.rules.size();
    return known ? &policy.rules[number] : nullptr;
}

EffectivePolicy effective_policy(const StoredPolicy& stored) {
    EffectivePolicy effective;
    effective.tunnels = tunnels_in_force(stored.tunnels);
    effective.stamp = policy_stamp(stored.lines, effective.tunnels);
    effective.own_rules = stored.rules.size();
    effective.policy = build_policy(stored.rules, effective.tunnels);
    effective.rejected = stored.rejected;
    return effective;
}

}  // namespace lsp::system
