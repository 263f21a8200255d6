// Memory for what lives as long as the process.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "../core/handle_table.hpp"
#include "../system/pages.hpp"

namespace lsp::provider {

inline constexpr TableMemory page_memory{system::allocate_pages,
                                         [](void* memory, std::size_t) { system::free_pages(memory); }};

// A table of `count` items that begin as zeros, made when it is first needed: most processes never do.
template <typename Item, std::size_t count>
class SharedTable {
  public:
    // Null if there is none yet.
    Item* find() const noexcept { return items_.load(std::memory_order_acquire); }

    // Null if there is no memory.
    Item* find_or_make() noexcept {
        Item* there = find();
        if (there != nullptr) return there;
        void* const memory = system::allocate_pages(count * sizeof(Item));
        if (memory == nullptr) return nullptr;
        auto* const made = static_cast<Item*>(memory);
        std::uninitialized_value_construct_n(made, count);
        if (items_.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire))
            return made;
        system::free_pages(memory);
        return there;
    }

  private:
    std::atomic<Item*> items_{nullptr};
};

}  // namespace lsp::provider
