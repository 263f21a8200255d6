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

// Items that are used again, and whose memory is never given back, so that a thread that still looks at one that
// another has just given back reads something stale at worst. An Item begins as zeros and has `std::atomic<bool>
// taken`, which whoever gives it back clears.
template <typename Item, std::size_t per_page>
class ItemPool {
  public:
    // A free one, taken now. Null if there is no memory.
    Item* take() noexcept {
        for (Page* page = page_at(first_); page != nullptr; page = page_at(page->next)) {
            for (Item& item : page->items) {
                if (!item.taken.load(std::memory_order_relaxed) &&
                    !item.taken.exchange(true, std::memory_order_acquire))
                    return &item;
            }
        }
        return nullptr;
    }

  private:
    struct Page {
        Item items[per_page];
        std::atomic<Page*> next;
    };

    // Made if there is none.
    static Page* page_at(std::atomic<Page*>& place) noexcept {
        Page* there = place.load(std::memory_order_acquire);
        if (there != nullptr) return there;
        auto* const made = static_cast<Page*>(system::allocate_pages(sizeof(Page)));
        if (made == nullptr) return nullptr;
        if (place.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire))
            return made;
        system::free_pages(made);
        return there;
    }

    std::atomic<Page*> first_{nullptr};
};

}  // namespace lsp::provider
