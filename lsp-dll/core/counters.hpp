// What the provider counts, and where all processes' counts are: a section that they share and any of them can
// scramble. Telemetry only: nothing reads it to decide anything (design §7).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "image_name.hpp"
#include "process_identity.hpp"

namespace lsp {

enum class Counter : std::uint32_t {
    startups,      // WSPStartup calls that gave a chain
    decided_keep,  // decisions
    decided_source,
    decided_refuse,
    decided_through,
    decided_socks5,
    led,                    // connections that a proxy has made
    lead_failed,            // … or not
    bound_source,           // sockets bound to the source of a rule
    sent_from_source,       // datagrams sent with the source as control data
    source_unavailable,     // the source could not be bound: `otherwise` applied
    already_bound,          // the socket was bound already: `otherwise` applied
    already_connected,      // so was a datagram socket, by its connect
    control_data_unmerged,  // a datagram with control data of the program's own: `otherwise` applied
    refused,                // calls answered with an error because a rule said so
    let_in,                 // connections that came in, while there are rules for them: taken,
    turned_away,            // … or reset
    binds_deferred,
    binds_settled,  // deferred binds that went to the wildcard after all
    policy_loads,
    policy_rejections,
    route_lookups,  // cache misses
    count_,
};

inline constexpr std::uint32_t counter_count = static_cast<std::uint32_t>(Counter::count_);

const char* to_string(Counter counter) noexcept;  // "decided_keep" …; "unknown" past the end

// One process's counts, which that process alone writes.
struct ProcessCounts {
    std::atomic<std::uint32_t> owner;  // its id, 0: nobody's; with moving_bit while the counts go to the others'
    std::uint32_t reserved;
    std::atomic<std::uint64_t> started;  // the process's creation time (FILETIME), against reused ids; 0: not told yet
    std::atomic<std::uint32_t> image[longest_image_name / sizeof(std::uint32_t)];  // an ImageName
    std::atomic<std::uint64_t> counts[counter_count];
};

inline constexpr std::uint32_t moving_bit = 1;  // process ids are multiples of four
inline constexpr std::size_t process_places = 128;

// The same layout for 32-bit and 64-bit programs.
struct CounterSection {
    static constexpr std::uint32_t expected_magic = 0x4c535057;  // "WPSL"
    static constexpr std::uint32_t expected_version = 5;

    std::uint32_t magic;
    std::uint32_t version;
    std::atomic<std::uint64_t> others[counter_count];  // of processes that have ended or found no place
    ProcessCounts processes[process_places];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// A place for the process, a free one or that of a process that has ended (`is_alive` says no), whose counts then go to
// the others'. Null if there is none. Waits for nobody.
ProcessCounts* take_place(CounterSection& section, const ProcessIdentity& process, const ImageName& image,
                          bool (*is_alive)(const ProcessIdentity&) noexcept) noexcept;

// At the process's end: its counts go to the others', and the place is free again; unless somebody has scrambled it.
void leave_place(CounterSection& section, ProcessCounts& place, std::uint32_t process_id) noexcept;

}  // namespace lsp
