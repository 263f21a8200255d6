// A number that changes whenever what decisions rest on does: the policy, the host's routes, its addresses. What was
// remembered under another number is forgotten.
#pragma once

#include <atomic>
#include <cstdint>

namespace lsp::provider {

// Read it before what the number stands for: then a change in between makes what was made of it stale at once.
inline std::atomic<std::uint32_t> generation_now{1};

inline std::uint32_t generation() noexcept { return generation_now.load(std::memory_order_acquire); }

// After the change is in force. Any thread.
inline void next_generation() noexcept { generation_now.fetch_add(1, std::memory_order_acq_rel); }

}  // namespace lsp::provider
