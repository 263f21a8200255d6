// What we know of each socket: one word per handle value, found by index, changed by atomic operations, no locks.
//
// Windows' socket handles are kernel handles: multiples of four that the kernel hands out from a compact table of at
// most 2^24 entries per process. So the handle value itself is the index: a top table of pointers and leaves of 4096
// words that come into being when a socket in them is first tracked. The top table for the first 2^18 handles is here,
// the whole one is made for a process that has more. A handle that does not fit (never seen in practice) is not tracked
// and left alone.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "address.hpp"
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
    Family family : 4 = Family::none;
    bool connected : 1 = false;      // a datagram or raw socket with a default destination
    bool binds_at_once : 1 = false;  // a datagram socket whose program would notice a bind that is put off
    std::uint8_t spare : 2 = 0;      // no bit of the word is left to chance

    friend bool operator==(const SocketState&, const SocketState&) = default;
};
static_assert(sizeof(SocketState) == sizeof(std::uint16_t));

class SocketTable {
  public:
    // Zeroed memory for a leaf, or null. Called at most once in a great while; must be callable from any thread.
    using Allocate = void* (*)(std::size_t bytes);
    using Release = void (*)(void* memory, std::size_t bytes);

    static constexpr std::size_t handles_per_leaf = 4096;
    static constexpr std::size_t leaf_count = 4096;

    constexpr SocketTable() = default;
    // No destructor on purpose: the table lives as long as the process (other threads may still call at exit).

    // Before this nothing is tracked. Not in the constructor, so that the table is zeros and needs no room in the file.
    void use_memory(Allocate allocate, Release release) noexcept {
        release_.store(release, std::memory_order_relaxed);
        allocate_.store(allocate, std::memory_order_release);
    }

    // Inline: most calls only ask whether there is anything to do.
    SocketState get(std::uintptr_t handle) const noexcept {
        const Word* const word = find(handle);
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
    using Word = std::atomic<std::uint16_t>;
    using Leaf = std::atomic<Word*>;
    static constexpr std::size_t near_count = 64;  // leaves
    // The kernel's handles step by four (the two lowest bits are the program's to use).
    static constexpr unsigned handle_shift = 2;

    static constexpr bool is_trackable(std::uintptr_t handle) noexcept {
        return (handle & 3U) == 0 && handle >> handle_shift < leaf_count * handles_per_leaf;
    }
    static constexpr std::size_t leaf_of(std::uintptr_t handle) noexcept {
        return (handle >> handle_shift) / handles_per_leaf;
    }
    static constexpr std::size_t word_of(std::uintptr_t handle) noexcept {
        return (handle >> handle_shift) % handles_per_leaf;
    }

    // Zeroed and constructed; what another thread put into `place` first, if one did. Null without memory.
    template <typename Item>
    Item* make(std::atomic<Item*>& place, std::size_t count) noexcept;
    // Where the handle's leaf is or will be; null if there is no table for it yet.
    Leaf* find_leaf(std::uintptr_t handle) const noexcept {
        const std::size_t index = leaf_of(handle);
        if (index < near_count) return &near_[index];
        Leaf* const others = far_.load(std::memory_order_acquire);
        return others == nullptr ? nullptr : others + index;
    }
    Word* find(std::uintptr_t handle) const noexcept {
        if (!is_trackable(handle)) return nullptr;
        const Leaf* const place = find_leaf(handle);
        Word* const leaf = place == nullptr ? nullptr : place->load(std::memory_order_acquire);
        return leaf == nullptr ? nullptr : leaf + word_of(handle);
    }
    Word* find_or_make(std::uintptr_t handle) noexcept;

    std::atomic<Allocate> allocate_{nullptr};
    std::atomic<Release> release_{nullptr};
    mutable Leaf near_[near_count]{};
    std::atomic<Leaf*> far_{nullptr};  // leaf_count of them; those of near_ stay empty
};

}  // namespace lsp
