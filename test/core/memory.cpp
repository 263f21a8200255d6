#include "memory.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local lsp::Arena* in_use = nullptr;

}  // namespace

namespace test_memory {

ArenaInUse::ArenaInUse(std::size_t bytes) : block_(new unsigned char[bytes]), arena_(block_.get(), bytes) {
    in_use = &arena_;
}
ArenaInUse::~ArenaInUse() { in_use = nullptr; }

}  // namespace test_memory

namespace lsp::memory {

void* allocate(std::size_t bytes) { return in_use != nullptr ? in_use->allocate(bytes) : ::operator new(bytes); }

void release(void* memory, std::size_t bytes) noexcept {
    if (in_use != nullptr) return in_use->release(memory, bytes);
    ::operator delete(memory);
}

}  // namespace lsp::memory
