// A value for each kernel handle of a process, found by index, changed by atomic operations, no locks.
//
// Windows' socket handles are kernel handles: multiples of four that the kernel hands out from a compact table of at
// most 2^24 entries per process. So the handle value itself is the index: a top table of pointers and leaves of 4096
// values that come into being when a handle in them is first used. The top table for the first 2^18 handles is here,
// the whole one is made for a process that has more. A handle that does not fit (never seen in practice) has no place.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace lsp {

// Zeroed memory for tables, or null; callable from any thread.
struct TableMemory {
    void* (*allocate)(std::size_t bytes);
    void (*release)(void* memory, std::size_t bytes);
};

// A place that nobody wrote to holds zeros.
template <typename Value>
class HandleTable {
  public:
    using Place = std::atomic<Value>;

    static constexpr std::size_t handles_per_leaf = 4096;
    static constexpr std::size_t leaf_count = 4096;

    constexpr HandleTable() = default;
    // No destructor on purpose: the table lives as long as the process (other threads may still call at exit).

    // Before this there are no places. Not in the constructor, so that the table is zeros and needs no room in the
    // file. `memory` lives as long as the table.
    void use_memory(const TableMemory& memory) noexcept { memory_.store(&memory, std::memory_order_release); }

    // Null if there is none yet.
    Place* find(std::uintptr_t handle) const noexcept {
        if (!fits(handle)) return nullptr;
        const Leaf* const leaf_place = find_leaf(handle);
        Place* const leaf = leaf_place == nullptr ? nullptr : leaf_place->load(std::memory_order_acquire);
        return leaf == nullptr ? nullptr : leaf + place_of(handle);
    }

    // Null if the handle has none (not a multiple of four, too large) or there is no memory.
    Place* find_or_make(std::uintptr_t handle) noexcept {
        if (!fits(handle)) return nullptr;
        if (leaf_of(handle) >= near_count && make(far_, leaf_count) == nullptr) return nullptr;
        Place* const leaf = make(*find_leaf(handle), handles_per_leaf);
        return leaf == nullptr ? nullptr : leaf + place_of(handle);
    }

  private:
    using Leaf = std::atomic<Place*>;
    static constexpr std::size_t near_count = 64;  // leaves
    // The kernel's handles step by four (the two lowest bits are the program's to use).
    static constexpr unsigned handle_shift = 2;
    static_assert(Place::is_always_lock_free);

    static constexpr bool fits(std::uintptr_t handle) noexcept {
        return (handle & 3U) == 0 && handle >> handle_shift < leaf_count * handles_per_leaf;
    }
    static constexpr std::size_t leaf_of(std::uintptr_t handle) noexcept {
        return (handle >> handle_shift) / handles_per_leaf;
    }
    static constexpr std::size_t place_of(std::uintptr_t handle) noexcept {
        return (handle >> handle_shift) % handles_per_leaf;
    }

    // Where the handle's leaf is or will be; null if there is no table for it yet.
    Leaf* find_leaf(std::uintptr_t handle) const noexcept {
        const std::size_t index = leaf_of(handle);
        if (index < near_count) return &near_[index];
        Leaf* const others = far_.load(std::memory_order_acquire);
        return others == nullptr ? nullptr : others + index;
    }

    // Zeroed and constructed; what another thread put there first, if one did. Null without memory.
    template <typename Item>
    Item* make(std::atomic<Item*>& place, std::size_t count) noexcept {
        Item* there = place.load(std::memory_order_acquire);
        if (there != nullptr) return there;
        const TableMemory* const source = memory_.load(std::memory_order_acquire);
        void* const memory = source != nullptr ? source->allocate(count * sizeof(Item)) : nullptr;
        if (memory == nullptr) return nullptr;
        Item* const made = static_cast<Item*>(memory);
        std::uninitialized_value_construct_n(made, count);
        if (place.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire))
            return made;
        source->release(memory, count * sizeof(Item));
        return there;
    }

    std::atomic<const TableMemory*> memory_{nullptr};
    mutable Leaf near_[near_count]{};
    std::atomic<Leaf*> far_{nullptr};  // leaf_count of them; those of near_ stay empty
};

}  // namespace lsp
