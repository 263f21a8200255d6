// The shared data section: counters that every process writes and any process can scramble. Telemetry only: nothing
// reads it to decide anything (design §7).
#pragma once

#include <atomic>
#include <cstdint>

namespace lsp {

enum class Counter : std::uint32_t {
    startups,      // WSPStartup calls that gave a chain
    decided_keep,  // decisions
    decided_source,
    decided_refuse,
    bound_source,        // sockets bound to the source of a rule
    sent_from_source,    // datagrams sent with the source as control data
    source_unavailable,  // the source could not be bound: `otherwise` applied
    already_bound,       // the socket could not be bound again: `otherwise` applied
    refused,             // calls answered with an error because a rule said so
    binds_deferred,
    binds_settled,  // deferred binds that went to the wildcard after all
    policy_loads,
    policy_rejections,
    route_lookups,  // cache misses
    count_,
};

inline constexpr std::uint32_t counter_count = static_cast<std::uint32_t>(Counter::count_);

const char* to_string(Counter counter) noexcept;  // "decided_keep" …; "unknown" past the end

// The same layout for 32-bit and 64-bit programs.
struct TelemetrySection {
    static constexpr std::uint32_t expected_magic = 0x4c535057;  // "WPSL"
    static constexpr std::uint32_t expected_version = 1;

    std::uint32_t magic;
    std::uint32_t version;
    std::atomic<std::uint64_t> counters[counter_count];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace lsp
