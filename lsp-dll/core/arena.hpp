// A block of memory that is handed out from its beginning to its end and given back as a whole.
#pragma once

#include <cstddef>

#include "memory.hpp"

namespace lsp {

class Arena {
  public:
    constexpr Arena() noexcept = default;
    // `memory` is aligned to memory::alignment and stays the caller's.
    constexpr Arena(void* memory, std::size_t bytes) noexcept
        : start_(static_cast<unsigned char*>(memory)), size_(bytes) {}

    // How much of an arena an allocation takes.
    static constexpr std::size_t rounded(std::size_t bytes) noexcept {
        return (bytes + memory::alignment - 1) / memory::alignment * memory::alignment;
    }

    // Null if so much is not left, and then the arena is exhausted: what was made in it may be incomplete.
    void* allocate(std::size_t bytes) noexcept {
        if (bytes > size_ - used_ || rounded(bytes) > size_ - used_) {
            exhausted_ = true;
            return nullptr;
        }
        void* const memory = start_ + used_;
        used_ += rounded(bytes);
        return memory;
    }
    // Only the last allocation is taken back; what lies before it stays until all goes.
    void release(void* memory, std::size_t bytes) noexcept {
        if (rounded(bytes) <= used_ && memory == start_ + (used_ - rounded(bytes))) {
            used_ -= rounded(bytes);
        }
    }
    // Forgets everything that was handed out, but not that it was too little.
    void reset() noexcept { used_ = 0; }

    std::size_t used() const noexcept { return used_; }
    bool exhausted() const noexcept { return exhausted_; }

  private:
    unsigned char* start_ = nullptr;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    bool exhausted_ = false;  // stays
};

}  // namespace lsp
