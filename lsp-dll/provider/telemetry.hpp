// What this process counts: by itself, so that no two programs ever write the same cache line for a call, and carried
// to the section that all share now and then.
#pragma once

#include "../core/counters.hpp"
#include "stripes.hpp"

namespace lsp::provider {

struct alignas(cache_line) CountStripe {
    std::atomic<const void*> owner;                    // the first thread that came, while it lives
    std::atomic<std::uint32_t> counts[counter_count];  // by the owner alone, so that it need not lock the bus
    std::atomic<std::uint32_t> others[counter_count];  // by the other threads whose stripe this is
};
extern CountStripe count_stripes[stripe_count];

void count_apart(CountStripe& stripe, const void* thread, Counter counter) noexcept;

inline void count(Counter counter) noexcept {
    const void* const thread = current_thread();
    CountStripe& stripe = count_stripes[stripe_of(thread)];
    if (stripe.owner.load(std::memory_order_relaxed) != thread) return count_apart(stripe, thread, counter);
    std::atomic<std::uint32_t>& own = stripe.counts[static_cast<std::uint32_t>(counter)];
    own.store(own.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// The calling thread ends: another one may own its stripe.
void leave_stripe() noexcept;

// At rest points, not oftener than every 50 ms: a process that is killed loses no more than it counted since.
void carry_counts() noexcept;

// When the process ends, and it has one thread only.
void carry_last_counts() noexcept;

}  // namespace lsp::provider
