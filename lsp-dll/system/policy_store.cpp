#include "policy_store.hpp"

#include <algorithm>
#include <cstring>

#include "interface_names.hpp"
#include "policy_store_keys.hpp"
#include "registry.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

// Subkeys beyond most_tunnels are listed as rejected up to this many, then no more are looked at.
constexpr DWORD most_listed = 256;

const char* type_name(DWORD type) {
    switch (type) {
        case REG_NONE: return "REG_NONE";
        case REG_SZ: return "REG_SZ";
        case REG_EXPAND_SZ: return "REG_EXPAND_SZ";
        case REG_BINARY: return "REG_BINARY";
        case REG_DWORD: return "REG_DWORD";
        case REG_LINK: return "REG_LINK";
        case REG_MULTI_SZ: return "REG_MULTI_SZ";
        case REG_QWORD: return "REG_QWORD";
        default: return "another type";
    }
}

// A value of characters that end with a zero, as `text` without that zero. A reason if it is anything else.
std::string read_characters(HKEY key, const wchar_t* name, DWORD expected_type, std::size_t limit, std::wstring& text,
                            LONG& error) {
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    error = read_value(key, name, limit, type, bytes);
    const std::string value = concat({"the value ", name});
    if (error == ERROR_MORE_DATA) {
        error = ERROR_SUCCESS;
        return concat({value, " is longer than ", limit, " bytes"});
    }
    if (error != ERROR_SUCCESS) return {};
    if (type != expected_type) return concat({value, " is ", type_name(type), ", expected ", type_name(expected_type)});
    if (bytes.size() % sizeof(wchar_t) != 0) return concat({value, " ends within a character"});
    text.resize(bytes.size() / sizeof(wchar_t));
    if (text.empty()) return {};
    std::memcpy(text.data(), bytes.data(), bytes.size());
    if (text.back() != L'\0') return concat({value, " does not end with a zero character"});
    text.pop_back();
    return {};
}

LONG read_lines(HKEY key, StoredPolicy& policy) {
    std::wstring text;
    LONG error = ERROR_SUCCESS;
    policy.rejected = read_characters(key, policy_value, REG_MULTI_SZ, longest_policy_value, text, error);
    if (error == ERROR_FILE_NOT_FOUND) return ERROR_SUCCESS;  // no rules
    if (error != ERROR_SUCCESS || !policy.rejected.empty()) return error;

    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find(L'\0', start), text.size());
        policy.lines.push_back(narrow(std::wstring_view(text).substr(start, end - start)));
        start = end + 1;
    }
    while (!policy.lines.empty() && policy.lines.back().empty()) policy.lines.pop_back();

    auto parsed = parse_rules(policy.lines);
    if (const TextError* const fault = std::get_if<TextError>(&parsed)) {
        policy.rejected = concat({"line ", fault->line, ", column ", fault->column, ": ", fault->message});
    } else {
        policy.rules = std::move(std::get<0>(parsed));
    }
    return ERROR_SUCCESS;
}

LONG read_tunnels(HKEY key, std::vector<StoredTunnel>& tunnels) {
    RegistryKey parent;
    LONG error = parent.open(key, tunnels_key, KEY_ENUMERATE_SUB_KEYS);
    if (error != ERROR_SUCCESS) return error == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : error;

    std::size_t good = 0;
    for (DWORD index = 0; index < most_listed; ++index) {
        std::wstring name;
        error = subkey_name(parent.get(), index, name);
        // Somebody may delete one while we count them; the watch will tell, and the next reading is complete.
        if (error != ERROR_SUCCESS)
            return error == ERROR_NO_MORE_ITEMS || error == ERROR_KEY_DELETED ? ERROR_SUCCESS : error;
        StoredTunnel tunnel;
        if (read_stored_tunnel(parent.get(), name, tunnel) == ERROR_FILE_NOT_FOUND) continue;
        if (tunnel.rejected.empty() && ++good > most_tunnels) {
            tunnel.rejected = concat({"there are more than ", most_tunnels, " tunnels"});
        }
        tunnels.push_back(std::move(tunnel));
    }
    return ERROR_SUCCESS;
}

}  // namespace

std::vector<Tunnel> tunnels_in_force(const std::vector<StoredTunnel>& tunnels) {
    std::vector<Tunnel> in_force;
    for (const StoredTunnel& entry : tunnels) {
        if (entry.rejected.empty() && entry.alive) in_force.push_back(entry.tunnel);
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
    LONG error = key.open(tunnels, name.c_str(), KEY_QUERY_VALUE);
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error != ERROR_SUCCESS) {
        stored.rejected = concat({"it cannot be opened: ", error_text(static_cast<std::uint32_t>(error))});
        return ERROR_SUCCESS;
    }
    std::wstring text;
    stored.rejected = read_characters(key.get(), definition_value, REG_SZ, longest_definition_value, text, error);
    if (error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error == ERROR_FILE_NOT_FOUND) {
        stored.rejected = "it has no value Definition";
    } else if (error != ERROR_SUCCESS) {
        stored.rejected =
            concat({"its value Definition cannot be read: ", error_text(static_cast<std::uint32_t>(error))});
    }
    if (!stored.rejected.empty()) return ERROR_SUCCESS;

    auto parsed = parse_tunnel(stored.tunnel.name, narrow(text));
    if (const TextError* const fault = std::get_if<TextError>(&parsed)) {
        stored.rejected = concat({"column ", fault->column, ": ", fault->message});
        return ERROR_SUCCESS;
    }
    stored.tunnel = std::move(std::get<Tunnel>(parsed));
    stored.alive = is_alive(stored.tunnel.publisher);
    return ERROR_SUCCESS;
}

Result<StoredPolicy> read_policy() {
    StoredPolicy policy;
    RegistryKey key;
    LONG error = key.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_READ);
    if (error == ERROR_FILE_NOT_FOUND) return policy;
    const char* syscall = "RegOpenKeyExW";
    if (error == ERROR_SUCCESS) {
        syscall = "RegQueryValueExW";
        error = read_lines(key.get(), policy);
    }
    if (error == ERROR_SUCCESS) {
        syscall = "RegEnumKeyExW";
        error = read_tunnels(key.get(), policy.tunnels);
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
