// Words that many threads change often, in a cache line for each of several groups of threads, so that they do not wait
// for one another.
#pragma once

#include <windows.h>

#include <cstddef>

namespace lsp::provider {

inline constexpr std::size_t stripe_count = 16;
inline constexpr std::size_t cache_line = 64;  // bytes, of x86

// The same for each call of a thread. Thread ids are multiples of four.
inline std::size_t own_stripe() noexcept { return (GetCurrentThreadId() >> 2U) % stripe_count; }

}  // namespace lsp::provider
