#include "policy_store.hpp"

#include <algorithm>

#include "delegation.hpp"
#include "interface_names.hpp"
#include "policy_store_keys.hpp"
#include "registry.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

// Subkeys beyond most_tunnels are listed as rejected up to this many, then no more are looked at.
constexpr DWORD most_listed = 256;
constexpr DWORD most_delegated_listed = 64;

// Gives the reason in `rejected` where there is more than anybody may have written, so that it is not even read.
LONG read_limited(HKEY key, const wchar_t* name, std::size_t limit, DWORD& type, std::vector<unsigned char>& bytes,
                  std::string& rejected) {
    const LONG error = read_value(key, name, limit, type, bytes);
    if (error != ERROR_MORE_DATA) return error;
    rejected = concat({"the value ", name, " is longer than ", limit, " bytes"});
    return ERROR_SUCCESS;
}

LONG read_lines(HKEY key, StoredPolicy& policy) {
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    const LONG error = read_limited(key, policy_value, longest_policy_value, type, bytes, policy.rejected);
    if (error == ERROR_FILE_NOT_FOUND) return ERROR_SUCCESS;  // no rules
    if (error != ERROR_SUCCESS || !policy.rejected.empty()) return error;
    StoredRules stored = parse_stored_rules(type, bytes);
    policy.lines = std::move(stored.lines);
    policy.rules = std::move(stored.rules);
    policy.rejected = std::move(stored.rejected);
    return ERROR_SUCCESS;
}

LONG read_tunnels(HKEY key, bool delegated, std::vector<StoredTunnel>& tunnels) {
    RegistryKey parent;
    LONG error = parent.open(key, delegated ? delegated_tunnels_key : tunnels_key, KEY_ENUMERATE_SUB_KEYS);
    if (error != ERROR_SUCCESS) return error == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : error;

    const std::size_t most = delegated ? most_delegated_tunnels : most_tunnels;
    std::size_t good = 0;
    for (DWORD index = 0; index < (delegated ? most_delegated_listed : most_listed); ++index) {
        std::wstring name;
        error = subkey_name(parent.get(), index, name);
        // Somebody may delete one while we count them; the watch will tell, and the next reading is complete.
        if (error != ERROR_SUCCESS)
            return error == ERROR_NO_MORE_ITEMS || error == ERROR_KEY_DELETED ? ERROR_SUCCESS : error;
        StoredTunnel tunnel;
        if (read_stored_tunnel(parent.get(), name, tunnel) == ERROR_FILE_NOT_FOUND) continue;
        tunnel.tunnel.delegated = delegated;
        // Whoever is no administrator refuses nobody anything.
        if (delegated) tunnel.tunnel.otherwise = Otherwise::keep;
        if (is_in_force(tunnel) && ++good > most) tunnel.rejected = concat({"there are more than ", most, " tunnels"});
        tunnels.push_back(std::move(tunnel));
    }
    return ERROR_SUCCESS;
}

// In their order, after those of administrators.
void judge_delegated(std::vector<StoredTunnel>& tunnels) {
    if (tunnels.empty() || !tunnels.back().tunnel.delegated) return;
    const auto addresses = interface_addresses();
    for (std::size_t i = 0; i < tunnels.size(); ++i) {
        StoredTunnel& entry = tunnels[i];
        if (!entry.tunnel.delegated || !is_in_force(entry)) continue;
        entry.rejected = addresses ? delegated_tunnel_fault(entry.tunnel, *addresses, {tunnels.data(), i})
                                   : addresses.error().message;
    }
}

}  // namespace

std::vector<Tunnel> tunnels_in_force(const std::vector<StoredTunnel>& tunnels) {
    std::vector<Tunnel> in_force;
    for (const StoredTunnel& entry : tunnels) {
        if (is_in_force(entry)) in_force.push_back(entry.tunnel);
    }
    return in_force;
}

LONG read_stored_tunnel(HKEY tunnels, const std::wstring& name, StoredTunnel& stored) {
    stored = StoredTunnel{};
    stored.tunnel.name = narrow(name);
    if (!is_tunnel_name(stored.tunnel.name)) {
        stored.rejected = "its name is not a tunnel's name: expected 1 to 64 of A-Z a-z 0-9 . _ -";
        return ERROR_SUCCESS;
    }
    RegistryKey key;
    // A member's may be a link, which is not followed: it has no definition.
    LONG error = key.open(tunnels, name.c_str(), KEY_QUERY_VALUE, REG_OPTION_OPEN_LINK);
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error != ERROR_SUCCESS) {
        stored.rejected = concat({"it cannot be opened: ", error_text(static_cast<std::uint32_t>(error))});
        return ERROR_SUCCESS;
    }
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    error = read_limited(key.get(), definition_value, longest_definition_value, type, bytes, stored.rejected);
    if (error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error == ERROR_FILE_NOT_FOUND) {
        stored.rejected = "it has no value Definition";
    } else if (error != ERROR_SUCCESS) {
        stored.rejected =
            concat({"its value Definition cannot be read: ", error_text(static_cast<std::uint32_t>(error))});
    }
    if (!stored.rejected.empty()) return ERROR_SUCCESS;

    auto parsed = parse_stored_tunnel(stored.tunnel.name, type, bytes);
    if (std::string* const fault = std::get_if<std::string>(&parsed)) {
        stored.rejected = std::move(*fault);
        return ERROR_SUCCESS;
    }
    stored.tunnel = std::move(std::get<Tunnel>(parsed));
    stored.alive = is_alive(stored.tunnel.publisher);
    return ERROR_SUCCESS;
}

Result<StoredPolicy> read_policy(PolicyPart part) {
    StoredPolicy policy;
    RegistryKey key;
    LONG error = key.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_READ);
    if (error == ERROR_FILE_NOT_FOUND) return policy;
    const char* syscall = "RegOpenKeyExW";
    if (error == ERROR_SUCCESS && part == PolicyPart::all) {
        syscall = "RegQueryValueExW";
        error = read_lines(key.get(), policy);
    }
    if (error == ERROR_SUCCESS) {
        syscall = "RegEnumKeyExW";
        error = read_tunnels(key.get(), false, policy.tunnels);
        if (error == ERROR_SUCCESS) error = read_tunnels(key.get(), true, policy.tunnels);
    }
    if (error == ERROR_KEY_DELETED) return StoredPolicy{};  // deleted while it was read
    if (error != ERROR_SUCCESS) {
        return system_error(static_cast<std::uint32_t>(error), syscall,
                            concat({"Cannot read the policy store ", store_name()}),
                            "Check the access rights of that key.");
    }
    resolve_interfaces(policy.rules);
    judge_delegated(policy.tunnels);
    return policy;
}

std::string store_name() { return concat({"HKLM\\", policy_store_key}); }

}  // namespace lsp::system
