// The policy as a program's LSP builds it from the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy_store.hpp"

namespace lsp::system {

struct EffectivePolicy {
    Policy policy;
    std::uint32_t stamp = 0;      // as records of decisions have it
    std::size_t own_rules = 0;    // the administrator's, which come first
    std::vector<Tunnel> tunnels;  // that count, in the order of their rules
    std::string rejected;         // why the administrator's rules are not in force; empty if they are

    // Whose rule it is: the tunnel's name; empty for the administrator's own.
    std::string tunnel_of(std::size_t rule) const;
    // The rule that a recorded decision names, as long as the policy is the one that it was decided by; null otherwise.
    const Rule* rule_of(std::int32_t rule, std::uint32_t policy_stamp) const;
};

EffectivePolicy effective_policy(const StoredPolicy& stored);

}  // namespace lsp::system
