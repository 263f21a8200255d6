#include "counters.hpp"

#include <cstring>

namespace lsp {

const char* to_string(Counter counter) noexcept {
    switch (counter) {
        case Counter::startups: return "startups";
        case Counter::decided_keep: return "decided_keep";
        case Counter::decided_source: return "decided_source";
        case Counter::decided_refuse: return "decided_refuse";
        case Counter::decided_through: return "decided_through";
        case Counter::decided_socks5: return "decided_socks5";
        case Counter::led: return "led";
        case Counter::lead_failed: return "lead_failed";
        case Counter::bound_source: return "bound_source";
        case Counter::sent_from_source: return "sent_from_source";
        case Counter::source_unavailable: return "source_unavailable";
        case Counter::already_bound: return "already_bound";
        case Counter::already_connected: return "already_connected";
        case Counter::control_data_unmerged: return "control_data_unmerged";
        case Counter::refused: return "refused";
        case Counter::let_in: return "let_in";
        case Counter::turned_away: return "turned_away";
        case Counter::binds_deferred: return "binds_deferred";
        case Counter::binds_settled: return "binds_settled";
        case Counter::policy_loads: return "policy_loads";
        case Counter::policy_rejections: return "policy_rejections";
        case Counter::route_lookups: return "route_lookups";
        case Counter::count_: break;
    }
    return "unknown";
}

namespace {

void move_counts(CounterSection& section, ProcessCounts& place) noexcept {
    for (std::size_t i = 0; i < counter_count; ++i) {
        const std::uint64_t count = place.counts[i].exchange(0, std::memory_order_relaxed);
        if (count != 0) section.others[i].fetch_add(count, std::memory_order_relaxed);
    }
}

// Whether the place was of that owner still, and is ours to move now.
bool seize(ProcessCounts& place, std::uint32_t owner, std::uint32_t process_id) noexcept {
    return place.owner.compare_exchange_strong(owner, process_id | moving_bit, std::memory_order_acq_rel,
                                               std::memory_order_relaxed);
}

void settle_in(ProcessCounts& place, const ProcessIdentity& process, const ImageName& image) noexcept {
    std::uint32_t words[longest_image_name / sizeof(std::uint32_t)];
    std::memcpy(words, image, sizeof(words));
    for (std::size_t i = 0; i < longest_image_name / sizeof(std::uint32_t); ++i) {
        place.image[i].store(words[i], std::memory_order_relaxed);
    }
    place.started.store(process.started, std::memory_order_relaxed);
    place.owner.store(process.process_id, std::memory_order_release);
}

}  // namespace

ProcessCounts* take_place(CounterSection& section, const ProcessIdentity& process, const ImageName& image,
                          bool (*is_alive)(const ProcessIdentity&) noexcept) noexcept {
    for (ProcessCounts& place : section.processes) {
        if (place.owner.load(std::memory_order_relaxed) != 0 || !seize(place, 0, process.process_id)) continue;
        settle_in(place, process, image);
        return &place;
    }
    for (ProcessCounts& place : section.processes) {
        const std::uint32_t owner = place.owner.load(std::memory_order_acquire);
        const std::uint64_t started = place.started.load(std::memory_order_relaxed);
        // Not told yet: its owner is at it. Or it was killed at it, and the place is lost; there are more.
        if (started == 0 || is_alive({owner & ~moving_bit, started}) || !seize(place, owner, process.process_id))
            continue;
        move_counts(section, place);
        settle_in(place, process, image);
        return &place;
    }
    return nullptr;
}

void leave_place(CounterSection& section, ProcessCounts& place, std::uint32_t process_id) noexcept {
    if (!seize(place, process_id, process_id)) return;
    move_counts(section, place);
    place.started.store(0, std::memory_order_relaxed);
    place.owner.store(0, std::memory_order_release);
}

// 32-bit and 64-bit programs map the same section.
static_assert(sizeof(ProcessCounts) == 4 + 4 + 8 + longest_image_name + 8 * counter_count);
static_assert(sizeof(CounterSection) == 8 + 8 * counter_count + process_places * sizeof(ProcessCounts));

}  // namespace lsp
