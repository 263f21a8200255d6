#include "store_reader.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "../core/arena.hpp"
#include "../core/utf16.hpp"
#include "delegation.hpp"
#include "host_addresses.hpp"
#include "policy_store_keys.hpp"

namespace lsp::system {
namespace {

// Subkeys beyond most_tunnels are listed as rejected up to this many, then no more are looked at.
constexpr DWORD most_listed = 256;
constexpr DWORD most_delegated_listed = 64;

constexpr std::size_t utf8_of_unit = 3;  // bytes at most
constexpr std::size_t longest_definition_line = longest_definition_value / 2 * utf8_of_unit + 1;

LONG open_tunnels_key(HKEY store, bool delegated, REGSAM access, RegistryKey& key) noexcept {
    return key.open(store, delegated ? delegated_tunnels_key : tunnels_key, access);
}

constexpr DWORD listed(bool delegated) noexcept { return delegated ? most_delegated_listed : most_listed; }

// In their order, after those of administrators.
void judge_delegated(Vector<TunnelEntry>& tunnels) {
    if (tunnels.empty() || !tunnels.back().tunnel.delegated) return;
    HostAddresses addresses;
    const std::uint32_t error = addresses.read();
    for (std::size_t i = 0; i < tunnels.size(); ++i) {
        TunnelEntry& entry = tunnels[i];
        if (!entry.tunnel.delegated || !is_in_force(entry)) continue;
        if (error == NO_ERROR) {
            const std::span<const TunnelEntry> others(tunnels.data(), i);
            const DelegatedFault fault = judge_delegated_tunnel(entry.tunnel, addresses.all(), others);
            entry.rejected = fault.rejected;
            entry.address = fault.address;
            entry.interface_index = fault.interface_index;
        } else {
            entry.rejected = TunnelRejection::addresses_unread;
            entry.number = error;
        }
    }
}

}  // namespace

std::size_t reading_bytes(const StoreSize& size) noexcept {
    const std::size_t policy = Arena::rounded(size.policy) + Arena::rounded(size.policy / 2 * utf8_of_unit + 1);
    if (size.tunnels == 0) return policy;
    constexpr std::size_t tunnel = sizeof(TunnelEntry) + Arena::rounded(longest_key_name * utf8_of_unit + 1);
    return policy + size.tunnels * tunnel + Arena::rounded(longest_definition_value) +
           Arena::rounded(longest_definition_line) + Arena::rounded(bytes_of_hardware_look);
}

LONG StoreReader::open() noexcept { return key_.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_READ); }

LONG StoreReader::measure(StoreSize& size) noexcept {
    size = {};
    DWORD bytes = 0;
    LONG error = RegQueryValueExW(key_.get(), policy_value, nullptr, nullptr, nullptr, &bytes);
    if (error != ERROR_SUCCESS && error != ERROR_FILE_NOT_FOUND) return error;
    if (error == ERROR_SUCCESS && bytes <= longest_policy_value) size.policy = bytes;
    for (const bool delegated : {false, true}) {
        RegistryKey parent;
        error = open_tunnels_key(key_.get(), delegated, KEY_QUERY_VALUE, parent);
        if (error == ERROR_FILE_NOT_FOUND) continue;
        if (error != ERROR_SUCCESS) return error;
        DWORD count = 0;
        error = RegQueryInfoKeyW(parent.get(), nullptr, nullptr, nullptr, &count, nullptr, nullptr, nullptr, nullptr,
                                 nullptr, nullptr, nullptr);
        if (error != ERROR_SUCCESS) return error;
        size.tunnels += std::min(count, listed(delegated));
    }
    return ERROR_SUCCESS;
}

LONG StoreReader::read_policy_value(StoredPolicyValue& value) {
    const LONG error = read_value(key_.get(), policy_value, longest_policy_value, value.type, value.bytes);
    value.exists = error != ERROR_FILE_NOT_FOUND;
    value.too_long = error == ERROR_MORE_DATA;
    return value.exists && !value.too_long ? error : ERROR_SUCCESS;
}

LONG StoreReader::read_tunnels(Vector<TunnelEntry>& tunnels) {
    TunnelReader reader;
    for (const bool delegated : {false, true}) {
        if (const LONG error = read_tunnels_of(delegated, reader, tunnels)) return error;
    }
    judge_delegated(tunnels);
    return ERROR_SUCCESS;
}

LONG StoreReader::read_tunnels_of(bool delegated, TunnelReader& reader, Vector<TunnelEntry>& tunnels) {
    RegistryKey parent;
    LONG error = open_tunnels_key(key_.get(), delegated, KEY_ENUMERATE_SUB_KEYS, parent);
    if (error != ERROR_SUCCESS) return error == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : error;

    const std::size_t most = delegated ? most_delegated_tunnels : most_tunnels;
    std::size_t good = 0;
    for (DWORD index = 0; index < listed(delegated); ++index) {
        wchar_t name[longest_key_name];
        DWORD length = 0;
        error = subkey_name(parent.get(), index, name, length);
        // Somebody may delete one while we count them; the watch will tell, and the next reading is complete.
        if (error != ERROR_SUCCESS)
            return error == ERROR_NO_MORE_ITEMS || error == ERROR_KEY_DELETED ? ERROR_SUCCESS : error;
        TunnelEntry entry;
        if (reader.read(parent.get(), name, length, entry) == ERROR_FILE_NOT_FOUND) continue;
        entry.tunnel.delegated = delegated;
        // Whoever is no administrator refuses nobody anything.
        if (delegated) entry.tunnel.otherwise = Otherwise::keep;
        if (is_in_force(entry) && ++good > most) {
            entry.rejected = TunnelRejection::too_many;
            entry.number = static_cast<std::uint32_t>(most);
        }
        if (!tunnels.push_back(std::move(entry))) return ERROR_NOT_ENOUGH_MEMORY;
    }
    return ERROR_SUCCESS;
}

LONG TunnelReader::read(HKEY tunnels, const wchar_t* name, std::size_t name_length, TunnelEntry& entry) {
    entry = TunnelEntry{};
    const auto rejected = [&entry](TunnelRejection why, LONG number = 0) {
        entry.rejected = why;
        entry.number = static_cast<std::uint32_t>(number);
        return ERROR_SUCCESS;
    };
    String key_name;
    key_name.reserve(name_length * utf8_of_unit);
    text::write_utf8(key_name, name, name_length);
    entry.tunnel.name = std::move(key_name);
    if (!is_tunnel_name(entry.tunnel.name)) return rejected(TunnelRejection::not_a_name);
    RegistryKey key;
    // A member's may be a link, which is not followed: it has no definition.
    LONG error = key.open(tunnels, name, KEY_QUERY_VALUE, REG_OPTION_OPEN_LINK);
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error != ERROR_SUCCESS) return rejected(TunnelRejection::unopened, error);

    DWORD type = 0;
    bytes_.reserve(longest_definition_value);
    line_.reserve(longest_definition_line - 1);
    error = read_value(key.get(), definition_value, longest_definition_value, type, bytes_);
    if (error == ERROR_KEY_DELETED) return ERROR_FILE_NOT_FOUND;
    if (error == ERROR_FILE_NOT_FOUND) return rejected(TunnelRejection::without_definition);
    if (error == ERROR_MORE_DATA) {
        entry.fault.kind = FaultKind::value_too_long;
        entry.fault.word = static_cast<std::uint8_t>(StoredValue::definition);
        entry.fault.number = longest_definition_value;
        return rejected(TunnelRejection::definition);
    }
    if (error != ERROR_SUCCESS) return rejected(TunnelRejection::unread, error);

    Tunnel tunnel;
    if (!read_stored_tunnel(entry.tunnel.name, {type, {bytes_.data(), bytes_.size()}}, line_, tunnel, entry.fault)) {
        return rejected(TunnelRejection::definition);
    }
    entry.tunnel = std::move(tunnel);
    entry.alive = is_alive(entry.tunnel.publisher);
    return ERROR_SUCCESS;
}

}  // namespace lsp::system
