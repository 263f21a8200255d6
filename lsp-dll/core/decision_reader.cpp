#include "decision_reader.hpp"

#include <algorithm>
#include <cstring>

#include "readable.hpp"
#include "shared_section.hpp"

namespace lsp {
namespace {

template <typename Enum>
bool read_enum(std::uint8_t value, Enum last, Enum& out) {
    if (value > static_cast<std::uint8_t>(last)) return false;
    out = static_cast<Enum>(value);
    return true;
}

bool read_protocol(std::uint8_t value, Protocol& protocol) {
    for (const Protocol known : {Protocol::tcp, Protocol::udp, Protocol::raw}) {
        if (value == static_cast<std::uint8_t>(known)) {
            protocol = known;
            return true;
        }
    }
    return false;
}

bool read_family(std::uint8_t value, Family& family) {
    for (const Family known : {Family::ipv4, Family::ipv6}) {
        if (value == static_cast<std::uint8_t>(known)) {
            family = known;
            return true;
        }
    }
    return false;
}

IpAddress read_address(Family family, const std::uint8_t (&bytes)[16]) {
    IpAddress address;
    address.family = family;
    std::copy_n(bytes, family == Family::ipv4 ? 4 : 16, address.bytes.begin());
    return address;
}

bool read_record(const DecisionRecord& record, RecordedDecision& out) {
    Family family = Family::none;
    if (!read_protocol(record.protocol, out.protocol) || !read_enum(record.verdict, Verdict::socks5, out.verdict) ||
        !read_enum(record.reason, Reason::not_tcp, out.reason) ||
        !read_enum(record.result, DecisionResult::failed, out.result) || !read_family(record.family, family)) {
        return false;
    }
    out.time = record.time;
    out.process_id = record.process_id;
    out.image = readable_image(record.image);
    out.destination = read_address(family, record.destination);
    out.port = record.port;
    out.incoming = record.incoming != 0;
    out.rule = record.rule < 0 ? -1 : record.rule;
    out.policy_stamp = record.policy_stamp;
    out.error = record.error;
    if (out.verdict == Verdict::source || out.verdict == Verdict::through) {
        out.source = read_address(family, record.source);
    } else if (out.verdict == Verdict::socks5) {
        Family of_proxy = Family::none;
        constexpr auto last = static_cast<HandshakeOutcome>(static_cast<int>(HandshakeOutcome::count_) - 1);
        if (!read_family(record.source_family, of_proxy) || !read_enum(record.handshake, last, out.handshake))
            return false;
        out.proxy = read_address(of_proxy, record.source);
        out.proxy_port = record.proxy_port;
        out.reply = record.reply;
        out.handshake_ms = record.handshake_ms;
        out.local_port = record.local_port;
    }
    return true;
}

// The record that stands in the slot, or nothing: never used, being written, or written while we read.
bool read_slot(const RingSlot& slot, std::size_t index, std::uint64_t next, RecordedDecision& out) {
    const std::uint64_t ticket = slot.ticket.load(std::memory_order_acquire);
    if (ticket == 0 || ticket % 2 != 0) return false;
    out.number = ticket / 2 - 1;
    // Of one of the last rounds, and in its place; else somebody scrambled it.
    if (out.number % ring_size != index || out.number >= next || next - out.number > 4 * std::uint64_t{ring_size}) {
        return false;
    }
    std::uint32_t words[record_words];
    for (std::size_t i = 0; i < record_words; ++i) words[i] = slot.words[i].load(std::memory_order_relaxed);
    const std::uint32_t check = slot.check.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.ticket.load(std::memory_order_relaxed) != ticket || check != record_check(words, out.number)) return false;
    DecisionRecord record;
    std::memcpy(&record, words, sizeof(record));
    return read_record(record, out);
}

}  // namespace

std::optional<RecordedDecisions> read_decisions(const void* section, std::size_t size) {
    const auto* const shared = as_section<DecisionSection>(section, size);
    if (shared == nullptr) return std::nullopt;
    RecordedDecisions read;
    read.next = record_number(shared->next.load(std::memory_order_relaxed));
    for (std::size_t i = 0; i < ring_size; ++i) {
        RecordedDecision decision;
        if (read_slot(shared->ring[i], i, read.next, decision)) read.decisions.push_back(std::move(decision));
    }
    std::sort(read.decisions.begin(), read.decisions.end(),
              [](const RecordedDecision& a, const RecordedDecision& b) { return a.number < b.number; });
    return read;
}

}  // namespace lsp
