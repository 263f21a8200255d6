// Where the containers of this folder get their memory. Each program defines these two: winsock-lsp.dll serves the
// arena of the policy that is being loaded (../provider/memory.cpp), everybody else the heap (heap.cpp).
#pragma once

#include <cstddef>

namespace lsp::memory {

// Memory for any type of ours, aligned to `alignment`. In winsock-lsp.dll null when the arena is used up, which the
// arena remembers; elsewhere a failure is std::bad_alloc, and null is never given.
void* allocate(std::size_t bytes);
// `bytes` as it was asked for.
void release(void* memory, std::size_t bytes) noexcept;

inline constexpr std::size_t alignment = alignof(unsigned long long);

}  // namespace lsp::memory
