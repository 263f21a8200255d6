// The shared data section: counters that every process writes and any process can scramble. Telemetry only: nothing
// reads it to decide anything (design §7).
#pragma once

#include <atomic>
#include <cstddef>
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
    already_bound,       // the socket was bound already: `otherwise` applied
    already_connected,      // so was a datagram socket, by its connect
    control_data_unmerged,  // a datagram with control data of the program's own: `otherwise` applied
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

// What became of a decision.
enum class DecisionResult : std::uint8_t {
    carried_out,     // as the verdict says: left alone, bound or sent from the source, refused
    otherwise_keep,  // the source could not be used, and the rule says keep
    otherwise_refuse,
    failed,  // the lower provider's error: see DecisionRecord::error
    count_,
};

const char* to_string(DecisionResult result) noexcept;  // the enumerator's name; "unknown" past the end

inline constexpr std::size_t longest_image_name = 32;  // bytes of UTF-8

// One decision as it stands in the ring: plain data, of the same layout for 32-bit and 64-bit programs.
struct DecisionRecord {
    std::uint64_t time = 0;  // FILETIME, UTC
    std::uint32_t process_id = 0;
    std::int32_t rule = -1;          // index into the policy's rules (Decision::rule)
    std::uint32_t policy_stamp = 0;  // of the policy that the index is of: see policy_stamp in policy.hpp
    std::uint32_t error = 0;         // a Winsock error, with DecisionResult::failed
    std::uint16_t port = 0;
    std::uint8_t protocol = 0;  // Protocol, Verdict, Reason, DecisionResult, Family (also of the source)
    std::uint8_t verdict = 0;
    std::uint8_t reason = 0;
    std::uint8_t result = 0;
    std::uint8_t family = 0;
    std::uint8_t reserved = 0;
    std::uint8_t destination[16] = {};
    std::uint8_t source[16] = {};
    char image[longest_image_name] = {};  // the end of the program's file name; zeros behind it
};
inline constexpr std::size_t record_words = 24;
static_assert(sizeof(DecisionRecord) == record_words * sizeof(std::uint32_t));

inline constexpr std::uint32_t ring_size = 64;

// A place in the ring. `ticket` is 2 * n + 1 while the n-th record (from 0) is written and 2 * n + 2 when it stands; 0:
// never used. The words are atomic so that a reader that races with a writer reads garbage without undefined behaviour,
// and then sees that the ticket moved.
struct RingSlot {
    std::atomic<std::uint64_t> ticket;
    std::atomic<std::uint32_t> words[record_words];
};

// The count of a section, which anybody may have set to anything, as a record's number: one that a ticket has room for,
// and a JavaScript number, too.
constexpr std::uint64_t record_number(std::uint64_t count) noexcept { return count & ((std::uint64_t{1} << 52U) - 1); }

// The same layout for 32-bit and 64-bit programs.
struct TelemetrySection {
    static constexpr std::uint32_t expected_magic = 0x4c535057;  // "WPSL"
    static constexpr std::uint32_t expected_version = 3;

    std::uint32_t magic;
    std::uint32_t version;
    std::atomic<std::uint64_t> counters[counter_count];
    std::atomic<std::uint64_t> next;  // how many records have been begun
    RingSlot ring[ring_size];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Writes a record into the ring: without waiting, whatever others do or have been killed at.
void append(TelemetrySection& section, const DecisionRecord& record) noexcept;

}  // namespace lsp
