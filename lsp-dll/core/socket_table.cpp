#include "socket_table.hpp"

#include <memory>

namespace lsp {
namespace {

// A state in a word: kind in bits 0-2, type in 3-4, family in 5-6 (0 none, 1 IPv4, 2 IPv6), the flags above. Zero is
// the unknown state, so that a fresh leaf knows nothing.
constexpr unsigned type_shift = 3;
constexpr unsigned family_shift = 5;
constexpr unsigned interface_chosen_bit = 1U << 7U;
constexpr unsigned pinned_bit = 1U << 8U;
constexpr unsigned connected_bit = 1U << 9U;

constexpr std::uint16_t pack(SocketState state) noexcept {
    const unsigned family = state.family == Family::ipv4 ? 1 : state.family == Family::ipv6 ? 2 : 0;
    return static_cast<std::uint16_t>(static_cast<unsigned>(state.kind) |
                                      static_cast<unsigned>(state.type) << type_shift | family << family_shift |
                                      (state.interface_chosen ? interface_chosen_bit : 0U) |
                                      (state.pinned ? pinned_bit : 0U) | (state.connected ? connected_bit : 0U));
}

constexpr SocketState unpack(std::uint16_t word) noexcept {
    constexpr Family families[] = {Family::none, Family::ipv4, Family::ipv6, Family::none};
    SocketState state;
    state.kind = static_cast<SocketKind>(word & SocketTable::kind_mask);
    state.type = static_cast<SocketType>(word >> type_shift & 3U);
    state.family = families[word >> family_shift & 3U];
    state.interface_chosen = (word & interface_chosen_bit) != 0;
    state.pinned = (word & pinned_bit) != 0;
    state.connected = (word & connected_bit) != 0;
    return state;
}

static_assert(pack({}) == 0);
static_assert(std::atomic<std::uint16_t>::is_always_lock_free);

constexpr unsigned handle_shift = SocketTable::handle_shift;

constexpr bool is_trackable(std::uintptr_t handle) noexcept {
    return (handle & 3U) == 0 && handle >> handle_shift < SocketTable::leaf_count * SocketTable::handles_per_leaf;
}

constexpr std::size_t leaf_of(std::uintptr_t handle) noexcept {
    return (handle >> handle_shift) / SocketTable::handles_per_leaf;
}

constexpr std::size_t word_of(std::uintptr_t handle) noexcept {
    return (handle >> handle_shift) % SocketTable::handles_per_leaf;
}

}  // namespace

// Where the handle's leaf is or will be; null if there is no table for it yet.
SocketTable::Leaf* SocketTable::find_leaf(std::uintptr_t handle) const noexcept {
    const std::size_t index = leaf_of(handle);
    if (index < near_count) return &near_[index];
    Leaf* const others = far_.load(std::memory_order_acquire);
    return others == nullptr ? nullptr : others + index;
}

SocketTable::Word* SocketTable::find(std::uintptr_t handle) const noexcept {
    if (!is_trackable(handle)) return nullptr;
    const Leaf* const place = find_leaf(handle);
    Word* const leaf = place == nullptr ? nullptr : place->load(std::memory_order_acquire);
    return leaf == nullptr ? nullptr : leaf + word_of(handle);
}

template <typename Item>
Item* SocketTable::make(std::atomic<Item*>& place, std::size_t count) noexcept {
    Item* there = place.load(std::memory_order_acquire);
    if (there != nullptr) return there;
    const Allocate allocate = allocate_.load(std::memory_order_acquire);
    void* const memory = allocate != nullptr ? allocate(count * sizeof(Item)) : nullptr;
    if (memory == nullptr) return nullptr;
    Item* const made = static_cast<Item*>(memory);
    std::uninitialized_value_construct_n(made, count);
    if (place.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire)) return made;
    release_.load(std::memory_order_relaxed)(memory, count * sizeof(Item));
    return there;
}

SocketTable::Word* SocketTable::find_or_make(std::uintptr_t handle) noexcept {
    if (!is_trackable(handle)) return nullptr;
    if (leaf_of(handle) >= near_count && make(far_, leaf_count) == nullptr) return nullptr;
    Word* const leaf = make(*find_leaf(handle), handles_per_leaf);
    return leaf == nullptr ? nullptr : leaf + word_of(handle);
}

SocketState SocketTable::get(std::uintptr_t handle) const noexcept {
    const Word* const word = find(handle);
    return word == nullptr ? SocketState{} : unpack(word->load(std::memory_order_acquire));
}

bool SocketTable::set(std::uintptr_t handle, SocketState state) noexcept {
    Word* const word = find_or_make(handle);
    if (word == nullptr) return false;
    word->store(pack(state), std::memory_order_release);
    return true;
}

bool SocketTable::exchange(std::uintptr_t handle, SocketState& expected, SocketState desired) noexcept {
    std::uint16_t before = pack(expected);
    Word* const word = before == 0 ? find_or_make(handle) : find(handle);
    if (word == nullptr) {
        expected = {};
        return false;
    }
    if (word->compare_exchange_strong(before, pack(desired), std::memory_order_acq_rel, std::memory_order_acquire)) {
        return true;
    }
    expected = unpack(before);
    return false;
}

void SocketTable::forget(std::uintptr_t handle) noexcept {
    if (Word* const word = find(handle)) word->store(0, std::memory_order_release);
}

}  // namespace lsp
