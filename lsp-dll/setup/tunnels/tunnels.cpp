#include "tunnels.hpp"

#include <windows.h>
#include <winsock2.h>

#include <algorithm>
#include <optional>

#include "../../system/catalog.hpp"
#include "../../system/delegation.hpp"
#include "../../system/interfaces.hpp"
#include "../../system/text.hpp"
#include "../file_lock.hpp"
#include "../security.hpp"
#include "host_model.hpp"
#include "policy_store_write.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr wchar_t tunnels_lock[] = L"winsock-lsp-tunnels";
constexpr unsigned long tunnels_patience_ms = 10 * 1000;

// One writer at a time. Those who may not set the host model have nothing that needs it: the store's writes are whole.
Result<std::optional<FileLock>> take_lock() {
    if (!is_elevated()) return std::optional<FileLock>();
    auto lock = FileLock::take(tunnels_lock, tunnels_patience_ms, "the tunnels", "ERR_TUNNELS_BUSY");
    if (!lock) return lock.error();
    return std::optional<FileLock>(std::move(*lock));
}

Outcome check_source(const Tunnel& tunnel, const IpAddress& source) {
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
    return Done{};
}

Outcome check(const Tunnel& tunnel) {
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
    Outcome outcome = check_source(tunnel, tunnel.source4);
    return outcome ? check_source(tunnel, tunnel.source6) : outcome;
}

// A tunnel whose publisher is dead is in nobody's force; whoever writes next clears it away. What may not be deleted
// stays, as ineffective as before.
void erase_dead_tunnels() {
    const auto policy = read_policy();
    if (!policy) return;
    for (const StoredTunnel& entry : policy->tunnels) {
        if (entry.rejected.empty() && !entry.alive) (void)erase_tunnel(entry.tunnel.name, entry.tunnel.delegated);
    }
}

// Without the rights of an administrator: as every reader judges it, and where only the group may write. `denied` is
// what became of trying it as one.
Outcome write_delegated(const HostModelFunctions& functions, const Tunnel& tunnel,
                        const std::vector<HostModelSwitch>& needed, const Outcome& denied) {
    const auto policy = read_policy();
    if (!policy) return policy.error();
    const auto addresses = interface_addresses();
    if (!addresses) return addresses.error();
    std::string fault = delegated_tunnel_fault(tunnel, *addresses, policy->tunnels);
    if (tunnel.otherwise == Otherwise::refuse) fault = "only an administrator may refuse programs the network";
    if (!fault.empty()) {
        return own_error("ERR_INVALID_TUNNEL", concat({"Cannot publish the tunnel ", tunnel.name,
                                                       " without an administrator's rights: ", fault, "."}));
    }
    Outcome written = write_tunnel(tunnel);
    if (!written) {
        if (written.error().code != "ERROR_FILE_NOT_FOUND" && written.error().code != "ERROR_ACCESS_DENIED")
            return written;
        Error error = denied.error();
        error.message +=
            " Or have an administrator let a group of yours publish tunnels: winsock-lsp install "
            "--publishers GROUP";
        return error;
    }
    // Writers that are not elevated do without the lock, so a switch may have been restored since it was looked at.
    Outcome still = turn_on(functions, needed);
    if (!still) (void)erase_tunnel(tunnel.name, true);
    return still;
}

Outcome write(const HostModelFunctions& functions, const Tunnel& tunnel) {
    const std::vector<HostModelSwitch> needed = switches_for(tunnel);
    if (Outcome turned = turn_on(functions, needed); !turned) return turned;
    Outcome written = write_tunnel(tunnel);
    if (written || written.error().code != "ERROR_ACCESS_DENIED") return written;
    Tunnel delegated = tunnel;
    delegated.delegated = true;
    return write_delegated(functions, delegated, needed, written);
}

// Without elevation it cannot: the records stay for one who may, and what was asked for did not fail for that.
Outcome restore_unneeded(const HostModelFunctions& functions) {
    if (!is_elevated()) return Done{};
    const auto policy = read_policy();
    if (!policy) return policy.error();
    std::vector<HostModelSwitch> needed;
    for (const StoredTunnel& entry : policy->tunnels) {
        if (!is_in_force(entry)) continue;
        for (const HostModelSwitch& each : switches_for(entry.tunnel)) needed.push_back(each);
    }
    return restore_host_model(functions, needed);
}

}  // namespace

Outcome publish_tunnel(const HostModelFunctions& functions, const Tunnel& tunnel) {
    if (Outcome good = check(tunnel); !good) return good;
    const auto lock = take_lock();
    if (!lock) return lock.error();
    erase_dead_tunnels();
    Outcome outcome = write(functions, tunnel);
    // What this turned on, if it failed; what only a dead tunnel needed, or the one that this replaces, if not. That a
    // switch of an earlier tunnel cannot be restored does not make this one wrong; doctor tells it.
    const Outcome restored = restore_unneeded(functions);
    if (!outcome && !restored) {
        outcome.error().message += concat({" And the host model could not be put back: ", restored.error().message});
    }
    return outcome;
}

Outcome withdraw_tunnel(const HostModelFunctions& functions, const std::string& name) {
    const auto lock = take_lock();
    if (!lock) return lock.error();
    auto erased = erase_tunnel(name);
    if (!erased && erased.error().code == "ERROR_FILE_NOT_FOUND") erased = erase_tunnel(name, true);
    if (!erased) return erased.error();
    erase_dead_tunnels();
    return restore_unneeded(functions);
}

Outcome publish_tunnel(const Tunnel& tunnel) { return publish_tunnel(system_host_model(), tunnel); }

Outcome withdraw_tunnel(const std::string& name) { return withdraw_tunnel(system_host_model(), name); }

Outcome clear_tunnel(const std::string& name, bool delegated) {
    const auto lock = take_lock();
    if (!lock) return lock.error();
    const auto policy = read_policy();
    if (!policy) return policy.error();
    for (const StoredTunnel& entry : policy->tunnels) {
        if (std::string_view(entry.tunnel.name) != name || entry.tunnel.delegated != delegated || is_in_force(entry))
            continue;
        if (const auto erased = erase_tunnel(name, delegated); !erased) return erased.error();
    }
    return restore_unneeded(system_host_model());
}

Outcome restore_host_model() {
    const auto lock = take_lock();
    if (!lock) return lock.error();
    erase_dead_tunnels();
    return restore_unneeded(system_host_model());
}

Result<std::vector<StoredTunnel>> list_tunnels() {
    auto policy = read_policy();
    if (!policy) return policy.error();
    return std::move(policy->tunnels);
}

}  // namespace lsp::setup
