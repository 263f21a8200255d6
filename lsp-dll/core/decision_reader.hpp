// Reading a ring of decisions, which any process may have scrambled: whatever the bytes are, the result is well formed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "address.hpp"
#include "decide.hpp"
#include "decision_record.hpp"

namespace lsp {

struct RecordedDecision {
    std::uint64_t number = 0;  // counts all records of the section, from 0
    std::uint64_t time = 0;    // FILETIME, UTC
    std::uint32_t process_id = 0;
    std::string image;  // UTF-8 without control characters; only its end if it is long
    Protocol protocol = Protocol::any;
    IpAddress destination;
    std::uint16_t port = 0;
    bool incoming = false;  // a connection that came in: `destination` is the peer, `port` the local one
    Verdict verdict = Verdict::keep;
    Reason reason = Reason::no_rule;
    std::int32_t rule = -1;
    std::uint32_t policy_stamp = 0;
    IpAddress source;  // Family::none without Verdict::source or Verdict::through
    DecisionResult result = DecisionResult::carried_out;
    std::uint32_t error = 0;

    // With Verdict::socks5.
    IpAddress proxy;
    std::uint16_t proxy_port = 0;
    HandshakeOutcome handshake = HandshakeOutcome::none;
    std::uint8_t reply = 0;  // the proxy's, with HandshakeOutcome::request_refused
    std::uint32_t handshake_ms = 0;
    std::uint16_t local_port = 0;  // of the connection that was led; 0: not known
};

struct RecordedDecisions {
    std::uint64_t next = 0;                   // how many records have been begun
    std::vector<RecordedDecision> decisions;  // those that stand and make sense, oldest first; at most ring_size
};

// `section` is what was mapped, `size` how much of it there is; it may change while it is read. Nothing if it is too
// short or not of our magic and version.
std::optional<RecordedDecisions> read_decisions(const void* section, std::size_t size);

}  // namespace lsp
