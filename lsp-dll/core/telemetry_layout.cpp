#include "telemetry_layout.hpp"

#include <cstring>

namespace lsp {

const char* to_string(Counter counter) noexcept {
    switch (counter) {
        case Counter::startups: return "startups";
        case Counter::decided_keep: return "decided_keep";
        case Counter::decided_source: return "decided_source";
        case Counter::decided_refuse: return "decided_refuse";
        case Counter::bound_source: return "bound_source";
        case Counter::sent_from_source: return "sent_from_source";
        case Counter::source_unavailable: return "source_unavailable";
        case Counter::already_bound: return "already_bound";
        case Counter::already_connected: return "already_connected";
        case Counter::control_data_unmerged: return "control_data_unmerged";
        case Counter::refused: return "refused";
        case Counter::binds_deferred: return "binds_deferred";
        case Counter::binds_settled: return "binds_settled";
        case Counter::policy_loads: return "policy_loads";
        case Counter::policy_rejections: return "policy_rejections";
        case Counter::route_lookups: return "route_lookups";
        case Counter::count_: break;
    }
    return "unknown";
}

const char* to_string(DecisionResult result) noexcept {
    switch (result) {
        case DecisionResult::carried_out: return "carried_out";
        case DecisionResult::otherwise_keep: return "otherwise_keep";
        case DecisionResult::otherwise_refuse: return "otherwise_refuse";
        case DecisionResult::failed: return "failed";
        case DecisionResult::count_: break;
    }
    return "unknown";
}

void append(TelemetrySection& section, const DecisionRecord& record) noexcept {
    const std::uint64_t number = record_number(section.next.fetch_add(1, std::memory_order_relaxed));
    RingSlot& slot = section.ring[number % ring_size];
    const std::uint64_t writing = 2 * number + 1;
    std::uint64_t before = slot.ticket.load(std::memory_order_relaxed);
    // A later record stands there already, or another process writes: this one is left out. Only a writer that the ring
    // has overtaken several times is taken for dead.
    constexpr std::uint64_t patience = 2 * std::uint64_t{ring_size} * 4;
    if (before >= writing) {
        // Unless it is garbage: the ring must work again by itself after somebody has scrambled it.
        if (before - writing < patience) return;
    } else if (before % 2 != 0 && writing - before < patience) {
        return;
    }
    if (!slot.ticket.compare_exchange_strong(before, writing, std::memory_order_acquire, std::memory_order_relaxed))
        return;
    std::atomic_thread_fence(std::memory_order_release);
    std::uint32_t words[record_words];
    std::memcpy(words, &record, sizeof(record));
    for (std::size_t i = 0; i < record_words; ++i) slot.words[i].store(words[i], std::memory_order_relaxed);
    std::uint64_t expected = writing;
    // Whoever took us for dead has it now.
    slot.ticket.compare_exchange_strong(expected, writing + 1, std::memory_order_release, std::memory_order_relaxed);
}

// 32-bit and 64-bit programs map the same section.
static_assert(sizeof(RingSlot) == 8 + 4 * record_words && alignof(RingSlot) == 8);
static_assert(sizeof(TelemetrySection) == 8 + 8 * counter_count + 8 + ring_size * sizeof(RingSlot));

}  // namespace lsp
