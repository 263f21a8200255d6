// The policy store as it is read, without the C++ run time: values, and faults as values. policy_store.hpp has the same
// with sentences, for those who show it to people, and says what the store holds.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <cstdint>

#include "../core/stored_values.hpp"
#include "../core/tunnel.hpp"
#include "../core/vector.hpp"
#include "registry.hpp"

namespace lsp::system {

inline constexpr wchar_t policy_store_key[] = L"SOFTWARE\\winsock-lsp";

inline constexpr std::size_t most_tunnels = 64;
inline constexpr std::size_t most_delegated_tunnels = 16;

// Why a stored tunnel does not count.
enum class TunnelRejection : std::uint8_t {
    none,
    not_a_name,
    unopened,  // TunnelEntry::number: the system's error
    without_definition,
    unread,      // …
    definition,  // TunnelEntry::fault
    too_many,    // number: the limit
    // Of a delegated one; see delegation.hpp.
    no_publisher,
    address_not_there,  // TunnelEntry::address
    source_not_there,   // …
    interface_taken,
    interface_is_hardware,
    interface_has_default_route,
    weak_send_is_off,     // TunnelEntry::interface_index
    weak_receive_is_off,  // …
    addresses_unread,     // number: the system's error
};

struct TunnelEntry {
    Tunnel tunnel;  // tunnel.name is always set
    TunnelRejection rejected = TunnelRejection::none;
    bool alive = true;  // false: its publisher is dead, every process ignores it
    std::uint32_t number = 0;
    std::uint32_t interface_index = 0;
    IpAddress address;
    Fault fault;
};

// A good definition whose publisher lives.
inline bool is_in_force(const TunnelEntry& entry) noexcept {
    return entry.rejected == TunnelRejection::none && entry.alive;
}

// The value "Policy" as it stands.
struct StoredPolicyValue {
    DWORD type = REG_NONE;
    Vector<unsigned char> bytes;
    bool exists = false;
    bool too_long = false;  // more than anybody may have written, so that it was not read

    StoredBytes stored() const noexcept { return {type, {bytes.data(), bytes.size()}}; }
};

// What there is to read, before it is.
struct StoreSize {
    std::size_t policy = 0;   // bytes of the value
    std::size_t tunnels = 0;  // subkeys, as far as they are looked at
};
// How much memory the reading takes at most: the value, its lines one after the other, and the tunnels.
std::size_t reading_bytes(const StoreSize& size) noexcept;

// Reads one subkey after the other with the same memory.
class TunnelReader {
  public:
    // ERROR_FILE_NOT_FOUND if there is no such subkey; every other fault is in `entry.rejected`.
    LONG read(HKEY tunnels, const wchar_t* name, std::size_t name_length, TunnelEntry& entry);

  private:
    Vector<unsigned char> bytes_;
    String line_;
};

// Each gives a Win32 error, 0 on success. ERROR_KEY_DELETED: deleted while it was read.
class StoreReader {
  public:
    LONG open() noexcept;  // ERROR_FILE_NOT_FOUND: there is no store, which is an empty policy
    LONG measure(StoreSize& size) noexcept;
    LONG read_policy_value(StoredPolicyValue& value);
    // All of them, delegated ones last; room for StoreSize::tunnels is best made before. A tunnel beyond
    // `most_tunnels`, or `most_delegated_tunnels`, of those whose publishers live is rejected, and so is a delegated
    // one that this host's addresses do not bear out.
    LONG read_tunnels(Vector<TunnelEntry>& tunnels);

  private:
    LONG read_tunnels_of(bool delegated, TunnelReader& reader, Vector<TunnelEntry>& tunnels);

    RegistryKey key_;
};

// False if the process is gone or its id belongs to a later process.
bool is_alive(const Publisher& publisher) noexcept;

}  // namespace lsp::system
