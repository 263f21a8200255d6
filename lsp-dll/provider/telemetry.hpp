// What this process counts: by itself, so that no two programs ever write the same cache line for a call, and carried
// to the section that all share now and then.
#pragma once

#include "../core/counters.hpp"
#include "stripes.hpp"

namespace lsp::provider {

struct alignas(cache_line) CountStripe {
    std::atomic<std::uint32_t> counts[counter_count];
};
extern CountStripe count_stripes[stripe_count];

inline void count(Counter counter) noexcept {
    count_stripes[own_stripe()].counts[static_cast<std::uint32_t>(counter)].fetch_add(1, std::memory_order_relaxed);
}

// At rest points, not oftener than every 50 ms: a process that is killed loses no more than it counted since.
void carry_counts() noexcept;

// When the process ends, and it has one thread only.
void carry_last_counts() noexcept;

}  // namespace lsp::provider
