// The ring of latest decisions of a user's programs (design §10), which any of them can scramble. Telemetry only:
// nothing reads it to decide anything.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "handshake_outcome.hpp"
#include "image_name.hpp"

namespace lsp {

// What became of a decision.
enum class DecisionResult : std::uint8_t {
    carried_out,     // as the verdict says: left alone, bound or sent from the source, refused
    otherwise_keep,  // the source could not be used, and the rule says keep
    otherwise_refuse,
    failed,  // the lower provider's error: see DecisionRecord::error
    count_,
};

const char* to_string(DecisionResult result) noexcept;  // the enumerator's name; "unknown" past the end

// One decision as it stands in the ring: plain data, of the same layout for 32-bit and 64-bit programs.
struct DecisionRecord {
    std::uint64_t time = 0;  // FILETIME, UTC
    std::uint32_t process_id = 0;
    std::int32_t rule = -1;          // index into the policy's rules (Decision::rule)
    std::uint32_t policy_stamp = 0;  // of the policy that the index is of: see policy_stamp in policy.hpp
    std::uint32_t error = 0;         // a Winsock error, with DecisionResult::failed
    std::uint16_t port = 0;
    std::uint8_t protocol = 0;  // Protocol, Verdict, Reason, DecisionResult, Family
    std::uint8_t verdict = 0;
    std::uint8_t reason = 0;
    std::uint8_t result = 0;
    std::uint8_t family = 0;
    std::uint8_t source_family = 0;
    std::uint8_t destination[16] = {};
    std::uint8_t source[16] = {};    // Decision::source: with Verdict::socks5 the proxy's address
    std::uint32_t handshake_ms = 0;  // with Verdict::socks5: from the connect to its end
    std::uint16_t proxy_port = 0;    // …
    std::uint8_t handshake = 0;      // … HandshakeOutcome
    std::uint8_t reply = 0;          // … the proxy's (RFC 1928 §6)
    std::uint8_t incoming = 0;       // 1: a connection that came in: `destination` is the peer, `port` the local one
    std::uint8_t reserved = 0;
    std::uint16_t local_port = 0;  // with HandshakeOutcome::led: of the connection to the proxy; 0: not known
    std::uint8_t reserved_too[4] = {};
    char image[longest_image_name] = {};  // the end of the program's file name; zeros behind it
};
inline constexpr std::size_t record_words = 28;
static_assert(sizeof(DecisionRecord) == record_words * sizeof(std::uint32_t));

inline constexpr std::uint32_t ring_size = 64;

// A place in the ring. `ticket` is 2 * n + 1 while the n-th record (from 0) is written and 2 * n + 2 when it stands; 0:
// never used. The words are atomic so that a reader that races with a writer reads garbage without undefined behaviour,
// and then sees that the ticket moved.
struct RingSlot {
    std::atomic<std::uint64_t> ticket;
    std::atomic<std::uint32_t> words[record_words];
    // record_check of the words and n: a writer that was taken for dead and goes on writes into a record that stands.
    std::atomic<std::uint32_t> check;
    std::uint32_t reserved;
};

std::uint32_t record_check(const std::uint32_t (&words)[record_words], std::uint64_t number) noexcept;

// The count of a section, which anybody may have set to anything, as a record's number: one that a ticket has room for,
// and a JavaScript number, too.
constexpr std::uint64_t record_number(std::uint64_t count) noexcept { return count & ((std::uint64_t{1} << 52U) - 1); }

// What a user's section holds. The same layout for 32-bit and 64-bit programs.
struct DecisionSection {
    static constexpr std::uint32_t expected_magic = 0x4c535057;  // "WPSL"
    static constexpr std::uint32_t expected_version = 5;

    std::uint32_t magic;
    std::uint32_t version;
    std::atomic<std::uint64_t> next;  // how many records have been begun
    RingSlot ring[ring_size];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Writes a record into the ring: without waiting, whatever others do or have been killed at.
void append(DecisionSection& section, const DecisionRecord& record) noexcept;

}  // namespace lsp
