// The policy of one process as it is loaded, and how much memory that takes at most, told before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy_index.hpp"
#include "stored_values.hpp"

namespace lsp {

struct LoadedPolicy {
    Policy policy;         // all rules: what a decision's rule number counts
    PolicyIndex index;     // of those that can match this process
    PolicyIndex incoming;  // of those for the connections that it accepts
    PolicyStamp stamp;     // tells this policy from another

    // The administrator's part, for the next policy to take over where the store's is rejected.
    std::size_t own_rules = 0;  // of policy.rules, the first
    PolicyStamp own_stamp;
    RulesBound own_bound;
    std::size_t tunnels = 0;
};

// What loading so many tunnels over rules of that bound takes of an arena at most, without the LoadedPolicy itself.
std::size_t loaded_bytes(const RulesBound& bound, std::size_t tunnels) noexcept;

// The steps. All memory is taken by the bound, so in an arena of loaded_bytes none of it can fail; elsewhere an
// exhausted arena says that what was made is incomplete. First one of these, into a fresh `loaded`: room for no rules
// but the tunnels', …
void begin_rules(const RulesBound& bound, std::size_t tunnels, LoadedPolicy& loaded);
// … the rules of the store:
// As read_stored_rules; false leaves `loaded` to be made again.
bool load_rules(StoredBytes stored, const RulesBound& bound, std::size_t tunnels, String& line, LoadedPolicy& loaded,
                Fault& fault);
// … or those of an earlier policy,
void take_rules(const LoadedPolicy& from, std::size_t tunnels, LoadedPolicy& loaded);
// … then each tunnel,
void load_tunnel(const Tunnel& tunnel, LoadedPolicy& loaded);
// … and, once the system has resolved the names of interfaces, the index. `process`: the path of its image, UTF-8.
void load_index(std::string_view process, LoadedPolicy& loaded);

// Another one with the same rules and tunnels, for names to be resolved again; without the index.
void copy_loaded(const LoadedPolicy& from, LoadedPolicy& loaded);

}  // namespace lsp
