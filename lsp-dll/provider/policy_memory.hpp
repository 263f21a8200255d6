// The memory that policies live in. The provider allocates nothing else for them, and nothing anywhere else: pages that
// are committed before a policy is loaded, by the bound of what it can need.
#pragma once

#include <cstddef>

#include "../core/arena.hpp"

namespace lsp::provider {

// A block of zeroed pages as an arena; empty if there were none to be had, or none were asked for.
class ArenaPages {
  public:
    ArenaPages() noexcept = default;
    explicit ArenaPages(std::size_t bytes) noexcept;
    ~ArenaPages();
    ArenaPages(const ArenaPages&) = delete;
    ArenaPages& operator=(const ArenaPages&) = delete;

    bool committed() const noexcept { return memory_ != nullptr; }
    Arena& arena() noexcept { return arena_; }

    // Gives back the pages behind what was handed out, and leaves the others to the caller: system::free_pages.
    void* keep_used() noexcept;

  private:
    void* memory_ = nullptr;
    std::size_t bytes_ = 0;
    Arena arena_;
};

// While it lives, memory::allocate serves this arena; without one it serves nothing. The loading thread alone makes
// one, and no other thread of this DLL allocates.
class Serving {
  public:
    explicit Serving(Arena& arena) noexcept;
    ~Serving();
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

  private:
    Arena* before_;
};

}  // namespace lsp::provider
