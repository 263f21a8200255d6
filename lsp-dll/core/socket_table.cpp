#include "socket_table.hpp"

#include <memory>

namespace lsp {

static_assert(std::atomic<std::uint16_t>::is_always_lock_free);

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

bool SocketTable::set(std::uintptr_t handle, SocketState state) noexcept {
    Word* const word = find_or_make(handle);
    if (word == nullptr) return false;
    word->store(std::bit_cast<std::uint16_t>(state), std::memory_order_release);
    return true;
}

bool SocketTable::exchange(std::uintptr_t handle, SocketState& expected, SocketState desired) noexcept {
    std::uint16_t before = std::bit_cast<std::uint16_t>(expected);
    Word* const word = before == 0 ? find_or_make(handle) : find(handle);
    if (word == nullptr) {
        expected = SocketState{};
        return false;
    }
    if (word->compare_exchange_strong(before, std::bit_cast<std::uint16_t>(desired), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return true;
    }
    expected = std::bit_cast<SocketState>(before);
    return false;
}

void SocketTable::forget(std::uintptr_t handle) noexcept {
    if (Word* const word = find(handle)) word->store(0, std::memory_order_release);
}

}  // namespace lsp
