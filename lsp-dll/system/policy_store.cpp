#include "policy_store.hpp"

#include <utility>

#include "delegation.hpp"
#include "interface_names.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

std::string interface_text(std::uint32_t index) { return concat({"interface ", index}); }

// Why the tunnel of that entry is rejected.
std::string rejection_text(const Tunnel& tunnel, const TunnelEntry& entry) {
    const std::uint32_t number = entry.number;
    switch (entry.rejected) {
        case TunnelRejection::none: return {};
        case TunnelRejection::not_a_name:
            return "its name is not a tunnel's name: expected 1 to 64 of A-Z a-z 0-9 . _ -";
        case TunnelRejection::unopened: return concat({"it cannot be opened: ", error_text(number)});
        case TunnelRejection::without_definition: return "it has no value Definition";
        case TunnelRejection::unread: return concat({"its value Definition cannot be read: ", error_text(number)});
        case TunnelRejection::definition: return stored_tunnel_fault_text(entry.fault);
        case TunnelRejection::too_many: return concat({"there are more than ", number, " tunnels"});
        case TunnelRejection::no_publisher: return "it names no publisher, which only an administrator's tunnel may do";
        case TunnelRejection::address_not_there:
            return concat(
                {interface_text(tunnel.interface_index), " does not have the address ", to_string(entry.address)});
        case TunnelRejection::source_not_there:
            return concat({"no other interface of this host has the source ", to_string(entry.address)});
        case TunnelRejection::interface_taken:
            return concat({"another tunnel has ", interface_text(tunnel.interface_index)});
        case TunnelRejection::interface_is_hardware:
            return concat({interface_text(tunnel.interface_index), " is a network card"});
        case TunnelRejection::interface_has_default_route:
            return concat({interface_text(tunnel.interface_index),
                           " carries this host's default route, which only an administrator's tunnel may do (for all "
                           "traffic, redirect-gateway def1 leaves that route where it is)"});
        case TunnelRejection::weak_send_is_off:
            return concat({"WeakHostSend is off on ", interface_text(entry.interface_index)});
        case TunnelRejection::weak_receive_is_off:
            return concat({"WeakHostReceive is off on ", interface_text(entry.interface_index)});
        case TunnelRejection::addresses_unread:
            return system_error(number, "", "Cannot read the addresses of this host").message;
    }
    return {};
}

StoredTunnel with_text(TunnelEntry&& entry) {
    StoredTunnel stored;
    stored.rejected = rejection_text(entry.tunnel, entry);
    stored.tunnel = std::move(entry.tunnel);
    stored.alive = entry.alive;
    return stored;
}

LONG read_lines(StoreReader& reader, StoredPolicy& policy) {
    StoredPolicyValue value;
    const LONG error = reader.read_policy_value(value);
    if (error != ERROR_SUCCESS || !value.exists) return error;
    if (value.too_long) {
        policy.rejected = concat({"the value Policy is longer than ", longest_policy_value, " bytes"});
        return error;
    }
    StoredRules stored = parse_stored_rules(value.type, {value.bytes.begin(), value.bytes.end()});
    policy.lines = std::move(stored.lines);
    policy.rules = std::move(stored.rules);
    policy.rejected = std::move(stored.rejected);
    return error;
}

LONG read_all_tunnels(StoreReader& reader, StoredPolicy& policy) {
    Vector<TunnelEntry> entries;
    const LONG error = reader.read_tunnels(entries);
    for (TunnelEntry& entry : entries) policy.tunnels.push_back(with_text(std::move(entry)));
    return error;
}

}  // namespace

LONG read_stored_tunnel(HKEY tunnels, const std::wstring& name, StoredTunnel& stored) {
    TunnelReader reader;
    TunnelEntry entry;
    const LONG error = reader.read(tunnels, name.c_str(), name.size(), entry);
    stored = with_text(std::move(entry));
    return error;
}

std::string delegated_tunnel_fault(const Tunnel& tunnel, const std::vector<InterfaceAddress>& addresses,
                                   std::span<const StoredTunnel> others, const InterfaceQuestions& ask) {
    const DelegatedFault fault = judge_delegated_tunnel(tunnel, addresses, others, ask);
    TunnelEntry entry;
    entry.rejected = fault.rejected;
    entry.address = fault.address;
    entry.interface_index = fault.interface_index;
    return rejection_text(tunnel, entry);
}

std::vector<Tunnel> tunnels_in_force(const std::vector<StoredTunnel>& tunnels) {
    std::vector<Tunnel> in_force;
    for (const StoredTunnel& entry : tunnels) {
        if (is_in_force(entry)) in_force.push_back(entry.tunnel);
    }
    return in_force;
}

Result<StoredPolicy> read_policy() {
    StoredPolicy policy;
    StoreReader reader;
    LONG error = reader.open();
    if (error == ERROR_FILE_NOT_FOUND) return policy;
    const char* syscall = "RegOpenKeyExW";
    if (error == ERROR_SUCCESS) {
        syscall = "RegQueryValueExW";
        error = read_lines(reader, policy);
    }
    if (error == ERROR_SUCCESS) {
        syscall = "RegEnumKeyExW";
        error = read_all_tunnels(reader, policy);
    }
    if (error == ERROR_KEY_DELETED) return StoredPolicy{};  // deleted while it was read
    if (error != ERROR_SUCCESS) {
        return system_error(static_cast<std::uint32_t>(error), syscall,
                            concat({"Cannot read the policy store ", store_name()}),
                            "Check the access rights of that key.");
    }
    resolve_interfaces(policy.rules);
    return policy;
}

std::string store_name() { return concat({"HKLM\\", policy_store_key}); }

}  // namespace lsp::system
