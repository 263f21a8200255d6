// Words that many threads change often, in a cache line for each of several groups of threads, so that they do not wait
// for one another.
#pragma once

#include <windows.h>

#include <cstddef>

namespace lsp::provider {

inline constexpr std::size_t stripe_count = 16;
inline constexpr std::size_t cache_line = 64;  // bytes, of x86

// The calling thread, by its environment block: no other thread that lives has it. NtCurrentTeb, but GCC 12 takes what
// MinGW's reads for an access outside of an object.
inline const void* current_thread() noexcept {
#if defined(__GNUC__)
    const void* block;
#if defined(__x86_64__)
    asm("movq %%gs:0x30, %0" : "=r"(block));
#else
    asm("movl %%fs:0x18, %0" : "=r"(block));
#endif
    return block;
#else
    return NtCurrentTeb();
#endif
}

// The same for each call of a thread. The blocks are pages, and large strides of pages under some systems: multiplied,
// so that every bit reaches the highest ones.
inline std::size_t stripe_of(const void* thread) noexcept {
    const auto page = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(thread) >> 12U);
    return page * 0x9e3779b1U >> 28U;
}
static_assert(stripe_count == 1U << (32U - 28U));

}  // namespace lsp::provider
