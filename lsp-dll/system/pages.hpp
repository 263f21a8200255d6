// Whole pages of the system's, zeroed, and no heap of the program's.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <utility>

namespace lsp::system {

// Null if there are none.
inline void* allocate_pages(std::size_t bytes) noexcept {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
inline void free_pages(void* memory) noexcept { VirtualFree(memory, 0, MEM_RELEASE); }

// Pages with an owner.
class Pages {
  public:
    Pages() noexcept = default;
    Pages(Pages&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
    Pages& operator=(Pages&& other) noexcept {
        std::swap(memory_, other.memory_);
        return *this;
    }
    ~Pages() { release(); }

    // Zeros, in place of what was there. False if there is no memory.
    [[nodiscard]] bool allocate(std::size_t bytes) noexcept {
        release();
        memory_ = allocate_pages(bytes);
        return memory_ != nullptr;
    }
    void release() noexcept {
        if (memory_ != nullptr) free_pages(memory_);
        memory_ = nullptr;
    }
    void* get() const noexcept { return memory_; }

  private:
    void* memory_ = nullptr;
};

}  // namespace lsp::system
