#include "policy_store_write.hpp"

#include <algorithm>
#include <cstdint>

#include "../../core/text.hpp"
#include "../../system/policy_store_keys.hpp"
#include "../../system/text.hpp"
#include "../file_lock.hpp"
#include "../registered_grammar.hpp"
#include "../registry_tree.hpp"
#include "../registry_write.hpp"
#include "../security.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr wchar_t policy_lock[] = L"winsock-lsp-policy";
constexpr unsigned long policy_patience_ms = 10 * 1000;

constexpr DWORD most_misnamed = 4096;  // keys that are looked at

constexpr REGSAM write_access = KEY_CREATE_SUB_KEY | KEY_ENUMERATE_SUB_KEYS;

Error registry_error(LONG error, const char* syscall, std::string_view attempt) {
    const char* remedy = "";
    if (error == ERROR_ACCESS_DENIED) remedy = "Run it from an elevated prompt.";
    if (error == ERROR_KEY_HAS_CHILDREN) {
        remedy =
            "There are keys below it, which only somebody who means harm makes there. winsock-lsp install "
            "--no-publishers deletes all of them, where they are a delegated tunnel's.";
    }
    return system_error(static_cast<std::uint32_t>(error), syscall, attempt, remedy);
}

// Opens the Tunnels key, making it and the store if they are missing.
LONG open_tunnels(RegistryKey& tunnels) {
    // Whoever may publish tunnels need not be allowed to write the store itself.
    const std::wstring path = std::wstring(policy_store_key) + L"\\" + tunnels_key;
    LONG error = tunnels.open(HKEY_LOCAL_MACHINE, path.c_str(), write_access);
    if (error != ERROR_FILE_NOT_FOUND) return error;

    SecurityAttributes security(policy_store_rights);
    // Without the descriptor the key would inherit, from SOFTWARE, rights that are about the same; but a store whose
    // rights we did not choose is not to be made.
    if (security.get() == nullptr) return static_cast<LONG>(GetLastError());
    RegistryKey store;
    error =
        create_key(store, HKEY_LOCAL_MACHINE, policy_store_key, REG_OPTION_NON_VOLATILE, write_access, security.get());
    if (error != ERROR_SUCCESS) return error;
    // It inherits the store's rights.
    return create_key(tunnels, store.get(), tunnels_key, REG_OPTION_NON_VOLATILE, write_access, nullptr);
}

// The key that `install` made for them; who may write there is not ours to say.
LONG open_delegated_tunnels(RegistryKey& tunnels) {
    const std::wstring path = std::wstring(policy_store_key) + L"\\" + delegated_tunnels_key;
    return tunnels.open(HKEY_LOCAL_MACHINE, path.c_str(), KEY_CREATE_SUB_KEY);
}

std::string about_tunnel(const char* attempt, const std::string& name, bool delegated) {
    return concat({attempt, store_name(), "\\", delegated ? delegated_tunnels_key : tunnels_key, "\\", name});
}

std::string place(const TextError& fault) {
    return fault.line == 0 ? std::string() : concat({"line ", fault.line, ", column ", fault.column, ": "});
}

// The name of a key that no tunnel can have, and that is told as `name`: it may hold a zero, or what is no UTF-16.
std::wstring find_misnamed(HKEY tunnels, const std::string& name) {
    std::wstring found;
    for (DWORD index = 0; index < most_misnamed && subkey_name(tunnels, index, found) == ERROR_SUCCESS; ++index) {
        if (narrow(found) == name) return found;
    }
    return {};
}

}  // namespace

std::optional<TextError> policy_fault(const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // In rules parse_rules finds it, too; comments it does not look at.
        if (const auto bad = text::find_unprintable(lines[i], true)) {
            return TextError{
                i + 1, bad->position + 1,
                bad->control ? "a control character cannot be part of a line" : "expected UTF-8, found other bytes"};
        }
    }
    auto parsed = parse_rules(lines);
    if (const TextError* const fault = std::get_if<TextError>(&parsed)) return *fault;
    if (stored_rules(lines).size() > longest_policy_value) {
        return TextError{0, 0, concat({"the rules are longer than ", longest_policy_value, " bytes together"})};
    }
    return std::nullopt;
}

Outcome write_policy(const std::vector<std::string>& lines, const std::vector<std::string>* expected) {
    if (const auto fault = policy_fault(lines)) {
        return own_error("ERR_INVALID_POLICY",
                         concat({"Cannot set the policy: ", place(*fault), fault->message, ". Nothing was changed."}));
    }
    if (const Outcome created = create_policy_store(); !created) return created.error();
    const auto lock = FileLock::take(policy_lock, policy_patience_ms, "the policy", "ERR_POLICY_BUSY");
    if (!lock) return lock.error();
    if (expected != nullptr) {
        const auto now = read_policy();
        if (!now) return now.error();
        if (now->lines != *expected) {
            return own_error("ERR_POLICY_CHANGED",
                             "Cannot set the policy: somebody else has changed it meanwhile. Look at it again.");
        }
    }
    if (Outcome checked = check_registered_dlls(lines, "Cannot set the policy"); !checked) return checked;
    const std::string attempt = concat({"Cannot write the policy to ", store_name()});
    RegistryKey store;
    LONG error = store.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_SET_VALUE);
    if (error != ERROR_SUCCESS) return registry_error(error, "RegOpenKeyExW", attempt);
    const std::vector<unsigned char> bytes = stored_rules(lines);
    error = RegSetValueExW(store.get(), policy_value, 0, REG_MULTI_SZ, bytes.data(), static_cast<DWORD>(bytes.size()));
    if (error != ERROR_SUCCESS) return registry_error(error, "RegSetValueExW", attempt);
    return Done{};
}

Outcome create_policy_store() {
    RegistryKey tunnels;
    const LONG error = open_tunnels(tunnels);
    if (error != ERROR_SUCCESS) {
        return registry_error(error, "RegCreateKeyExW", concat({"Cannot create the policy store ", store_name()}));
    }
    return Done{};
}

Outcome delete_policy_store() {
    const LONG error = delete_tree(HKEY_LOCAL_MACHINE, policy_store_key);
    if (error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) {
        return registry_error(error, "RegDeleteKeyExW", concat({"Cannot delete the policy store ", store_name()}));
    }
    return Done{};
}

Outcome write_tunnel(const Tunnel& tunnel) {
    const std::string fault = tunnel_fault(tunnel);
    if (!fault.empty()) {
        return own_error("ERR_INVALID_TUNNEL", concat({"Cannot publish the tunnel ", tunnel.name, ": ", fault, "."}));
    }
    const std::vector<unsigned char> definition = stored_tunnel(tunnel);
    if (definition.size() > longest_definition_value) {
        return own_error("ERR_INVALID_TUNNEL",
                         concat({"Cannot publish the tunnel ", tunnel.name, ": its definition is longer than ",
                                 longest_definition_value, " bytes."}));
    }

    const std::string attempt = about_tunnel("Cannot write the tunnel ", tunnel.name, tunnel.delegated);
    RegistryKey tunnels;
    LONG error = tunnel.delegated ? open_delegated_tunnels(tunnels) : open_tunnels(tunnels);
    if (error != ERROR_SUCCESS) return registry_error(error, "RegCreateKeyExW", attempt);
    RegistryKey key;
    bool created = false;
    const std::wstring name = widen(tunnel.name);
    error = create_key(key, tunnels.get(), name.c_str(), REG_OPTION_VOLATILE, KEY_SET_VALUE, nullptr, &created);
    if (error != ERROR_SUCCESS) return registry_error(error, "RegCreateKeyExW", attempt);
    error = RegSetValueExW(key.get(), definition_value, 0, REG_SZ, definition.data(),
                           static_cast<DWORD>(definition.size()));
    if (error != ERROR_SUCCESS) {
        key.close();
        if (created) delete_key(tunnels.get(), name);
        return registry_error(error, "RegSetValueExW", attempt);
    }
    return Done{};
}

Result<StoredTunnel> erase_tunnel(const std::string& name, bool delegated) {
    const auto missing = [&name] {
        return system_error(ERROR_FILE_NOT_FOUND, "RegOpenKeyExW", concat({"Cannot withdraw the tunnel ", name}),
                            "No tunnel of that name is published.");
    };
    RegistryKey store, tunnels;
    LONG error = store.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_READ);
    if (error == ERROR_SUCCESS)
        error = tunnels.open(store.get(), delegated ? delegated_tunnels_key : tunnels_key, KEY_ENUMERATE_SUB_KEYS);
    const std::string attempt = about_tunnel("Cannot withdraw the tunnel ", name, delegated);
    if (error == ERROR_FILE_NOT_FOUND) return missing();
    if (error != ERROR_SUCCESS) return registry_error(error, "RegOpenKeyExW", attempt);

    StoredTunnel stored;
    const std::wstring key_name = is_tunnel_name(name) ? widen(name) : find_misnamed(tunnels.get(), name);
    if (key_name.empty() || read_stored_tunnel(tunnels.get(), key_name, stored) == ERROR_FILE_NOT_FOUND)
        return missing();
    // Below a delegated one there may be what its maker has put there: OpenVPN's service does not go through it.
    error = delete_tree(tunnels.get(), key_name, delegated ? 1 : default_depth_limit);
    if (error == ERROR_FILE_NOT_FOUND) return missing();
    if (error != ERROR_SUCCESS) return registry_error(error, "RegDeleteKeyExW", attempt);
    return stored;
}

}  // namespace lsp::setup
