#include "tunnels.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>

#include "interfaces.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

const StoredTunnel* find(const std::vector<StoredTunnel>& tunnels, const std::string& name) {
    for (const StoredTunnel& entry : tunnels) {
        // The registry, where the names are those of keys, does not tell their case.
        if (_stricmp(entry.tunnel.name.c_str(), name.c_str()) == 0) return &entry;
    }
    return nullptr;
}

// Switches the host model for one family; appends what was changed.
Outcome prepare(const Tunnel& tunnel, const IpAddress& source, std::vector<HostModelChange>& changes) {
    if (!source) return Done{};
    const auto owner = find_address(source);
    if (!owner) return owner.error();
    const std::string attempt =
        concat({"Cannot publish the tunnel ", tunnel.name, " with the source ", to_string(source)});
    if (!*owner) {
        return system_error(ERROR_NOT_FOUND, "", attempt,
                            "This host does not have that address: give one that it has on a physical interface.");
    }
    if ((*owner)->interface_index == tunnel.interface_index) {
        return own_error("ERR_INVALID_TUNNEL",
                         concat({attempt,
                                 ": that address belongs to the tunnel interface itself. Give one of a physical "
                                 "interface."}));
    }
    auto changed = enable_weak_host((*owner)->interface_index, tunnel.interface_index, source.family);
    if (!changed) return changed.error();
    changes.insert(changes.end(), changed->begin(), changed->end());
    return Done{};
}

// What the first publishing under this name found must be what withdrawing restores.
void carry_over(std::vector<HostModelChange>& changes, const std::vector<HostModelChange>& earlier) {
    const auto same_switch = [](const HostModelChange& a, const HostModelChange& b) {
        return a.interface_index == b.interface_index && a.family == b.family && a.setting == b.setting;
    };
    std::vector<HostModelChange> all = earlier;
    for (const HostModelChange& change : changes) {
        const bool known = std::any_of(earlier.begin(), earlier.end(),
                                       [&](const HostModelChange& other) { return same_switch(change, other); });
        if (!known) all.push_back(change);
    }
    if (all.size() > longest_host_model_list) all.resize(longest_host_model_list);
    changes = std::move(all);
}

bool needs(const Tunnel& tunnel, const HostModelChange& change) {
    const IpAddress& source = change.family == Family::ipv4 ? tunnel.source4 : tunnel.source6;
    if (!source) return false;
    if (change.setting == HostModelChange::Setting::weak_host_receive) {
        return tunnel.interface_index == change.interface_index;
    }
    const auto owner = find_address(source);
    return owner && *owner && (*owner)->interface_index == change.interface_index;
}

// A switch that another tunnel still needs is not put back now: that tunnel takes over putting it back.
std::vector<HostModelChange> hand_over(const std::vector<HostModelChange>& changes) {
    auto policy = changes.empty() ? Result<StoredPolicy>(StoredPolicy{}) : read_policy();
    if (!policy) return changes;
    std::vector<HostModelChange> left;
    for (const HostModelChange& change : changes) {
        bool taken = false;
        for (StoredTunnel& entry : policy->tunnels) {
            if (!entry.rejected.empty() || !entry.alive || !needs(entry.tunnel, change)) continue;
            Tunnel heir = entry.tunnel;
            carry_over(heir.host_model, {change});
            if (!write_tunnel(heir)) continue;
            entry.tunnel = std::move(heir);
            taken = true;
            break;
        }
        if (!taken) left.push_back(change);
    }
    return left;
}

}  // namespace

Outcome publish_tunnel(Tunnel tunnel) {
    const std::string fault = tunnel_fault(tunnel);
    if (!fault.empty()) {
        return own_error("ERR_INVALID_TUNNEL", concat({"Cannot publish the tunnel ", tunnel.name, ": ", fault, "."}));
    }
    if (!interface_exists(tunnel.interface_index)) {
        return system_error(
            ERROR_NOT_FOUND, "",
            concat({"Cannot publish the tunnel ", tunnel.name, " on interface ", tunnel.interface_index}),
            "No interface with an address has that index: see that the tunnel is up.");
    }
    auto policy = read_policy();
    if (!policy) return policy.error();

    std::vector<HostModelChange> changes;
    Outcome outcome = prepare(tunnel, tunnel.source4, changes);
    if (outcome) outcome = prepare(tunnel, tunnel.source6, changes);
    if (outcome) {
        tunnel.host_model = changes;
        const StoredTunnel* const earlier = find(policy->tunnels, tunnel.name);
        if (earlier != nullptr && earlier->rejected.empty()) {
            carry_over(tunnel.host_model, earlier->tunnel.host_model);
        }
        outcome = write_tunnel(tunnel);
    }
    if (outcome) return outcome;

    const Outcome restored = restore_host_model(changes);
    if (!restored)
        outcome.error().message += concat({" And the host model could not be put back: ", restored.error().message});
    return outcome;
}

Outcome withdraw_tunnel(const std::string& name) {
    const auto erased = erase_tunnel(name);
    if (!erased) return erased.error();
    if (!erased->rejected.empty()) return Done{};
    return restore_host_model(hand_over(erased->tunnel.host_model));
}

Result<std::vector<StoredTunnel>> list_tunnels() {
    auto policy = read_policy();
    if (!policy) return policy.error();
    return std::move(policy->tunnels);
}

}  // namespace lsp::system
