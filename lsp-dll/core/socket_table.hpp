// What we know of each socket: two bytes per handle value, found by index, changed by atomic operations, no locks.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "address.hpp"
#include "handle_table.hpp"
#include "rule.hpp"

namespace lsp {

enum class SocketKind : std::uint8_t {
    unknown = 0,  // never seen by us, or not an IP socket: left alone
    unbound,
    deferred,   // bind(wildcard, 0) was answered without a lower call
    wildcard,   // bound to the wildcard, by the program or implicitly
    explicit_,  // the program chose an address (or a connection was accepted): left alone
    ours,       // bound by us
};

enum class SocketType : std::uint8_t { other = 0, stream, datagram, raw };

// Two bytes, which are the table's word for the socket. Zeros are the unknown state, so that a fresh leaf knows
// nothing.
struct SocketState {
    SocketKind kind : 3 = SocketKind::unknown;
    SocketType type : 2 = SocketType::other;
    bool interface_chosen : 1 = false;  // the program set IP_UNICAST_IF or IPV6_UNICAST_IF: keep its choice
    bool pinned : 1 = false;            // we set it, and move it to each destination's interface
    bool header_included : 1 = false;   // a raw socket whose program writes the IP header, and so the source
    Family family : 3 = Family::none;
    bool unchecked : 1 = false;      // its next call is preceded by a look: see provider/check.hpp
    bool connected : 1 = false;      // a datagram or raw socket with a default destination; of a stream, which has no
                                     // such: see is_watched in provider/socket_state.hpp
    bool binds_at_once : 1 = false;  // a datagram socket whose program would notice a bind that is put off
    bool noted : 1 = false;          // there is a note of it: see provider/notes.hpp
    bool ruled : 1 = false;          // a datagram of late did not go as the program sent it, so the next may not;
                                     // of a stream, which has no such: its calls do not wait

    friend bool operator==(const SocketState&, const SocketState&) = default;
};
static_assert(sizeof(SocketState) == sizeof(std::uint16_t));

class SocketTable {
  public:
    constexpr SocketTable() = default;

    // Before this nothing is tracked.
    void use_memory(const TableMemory& memory) noexcept { words_.use_memory(memory); }

    // Inline: most calls only ask whether there is anything to do.
    SocketState get(std::uintptr_t handle) const noexcept {
        const auto* const word = words_.find(handle);
        return word == nullptr ? SocketState{} : std::bit_cast<SocketState>(word->load(std::memory_order_acquire));
    }
    // False if the handle cannot be tracked (not a multiple of four, too large, no memory): then it stays unknown.
    bool set(std::uintptr_t handle, SocketState state) noexcept;
    // Changes the state only if it is still `expected`: two threads that both settle a deferred socket, or one that
    // closes it meanwhile, get one winner. On failure `expected` receives what is there (the unknown state for a handle
    // that cannot be tracked: do not repeat until it succeeds).
    bool exchange(std::uintptr_t handle, SocketState& expected, SocketState desired) noexcept;
    void forget(std::uintptr_t handle) noexcept;

  private:
    HandleTable<std::uint16_t> words_;
};

}  // namespace lsp
