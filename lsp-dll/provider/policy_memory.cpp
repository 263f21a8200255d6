#include "policy_memory.hpp"

#include <utility>

#include "../system/pages.hpp"

namespace lsp::provider {

namespace {

constexpr std::size_t page_bytes = 4096;  // x86's and x64's

constinit Arena* served = nullptr;

constexpr std::size_t whole_pages(std::size_t bytes) noexcept {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

}  // namespace

ArenaPages::ArenaPages(std::size_t bytes) noexcept {
    if (bytes == 0) return;
    bytes_ = whole_pages(bytes);
    memory_ = system::allocate_pages(bytes_);
    if (memory_ != nullptr) arena_ = Arena(memory_, bytes_);
}

ArenaPages::~ArenaPages() {
    if (memory_ != nullptr) system::free_pages(memory_);
}

void* ArenaPages::keep_used() noexcept {
    const std::size_t used = whole_pages(arena_.used());
    if (used < bytes_) VirtualFree(static_cast<unsigned char*>(memory_) + used, bytes_ - used, MEM_DECOMMIT);
    return std::exchange(memory_, nullptr);
}

Serving::Serving(Arena& arena) noexcept : before_(std::exchange(served, &arena)) {}
Serving::~Serving() { served = before_; }

}  // namespace lsp::provider

namespace lsp::memory {

void* allocate(std::size_t bytes) { return provider::served == nullptr ? nullptr : provider::served->allocate(bytes); }

void release(void* memory, std::size_t bytes) noexcept {
    if (provider::served != nullptr) provider::served->release(memory, bytes);
}

}  // namespace lsp::memory
