// Private to system: a block of pages with an owner, for what the system tells at length. Not from any heap.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <utility>

namespace lsp::system {

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
    bool allocate(std::size_t bytes) noexcept {
        release();
        memory_ = VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        return memory_ != nullptr;
    }
    void release() noexcept {
        if (memory_ != nullptr) VirtualFree(memory_, 0, MEM_RELEASE);
        memory_ = nullptr;
    }
    void* get() const noexcept { return memory_; }

  private:
    void* memory_ = nullptr;
};

}  // namespace lsp::system
