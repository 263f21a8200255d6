#include "decision_record.hpp"

#include <cstring>

namespace lsp {

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

const char* to_string(HandshakeOutcome outcome) noexcept {
    switch (outcome) {
        case HandshakeOutcome::none: return "none";
        case HandshakeOutcome::led: return "led";
        case HandshakeOutcome::unreachable: return "unreachable";
        case HandshakeOutcome::no_way: return "no_way";
        case HandshakeOutcome::untrusted: return "untrusted";
        case HandshakeOutcome::no_credential: return "no_credential";
        case HandshakeOutcome::not_socks5: return "not_socks5";
        case HandshakeOutcome::login_wanted: return "login_wanted";
        case HandshakeOutcome::login_refused: return "login_refused";
        case HandshakeOutcome::request_refused: return "request_refused";
        case HandshakeOutcome::closed: return "closed";
        case HandshakeOutcome::timed_out: return "timed_out";
        case HandshakeOutcome::count_: break;
    }
    return "unknown";
}

std::uint32_t record_check(const std::uint32_t (&words)[record_words], std::uint64_t number) noexcept {
    // An odd constant (2^32 over the golden ratio), so that no word's bit is lost.
    std::uint32_t check = static_cast<std::uint32_t>(number ^ number >> 32U);
    for (const std::uint32_t word : words) {
        check = (check ^ word) * 0x9e3779b1U;
        check ^= check >> 15U;
    }
    return check;
}

void append(DecisionSection& section, const DecisionRecord& record) noexcept {
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
    slot.check.store(record_check(words, number), std::memory_order_relaxed);
    std::uint64_t expected = writing;
    // Whoever took us for dead has it now.
    slot.ticket.compare_exchange_strong(expected, writing + 1, std::memory_order_release, std::memory_order_relaxed);
}

// 32-bit and 64-bit programs map the same section.
static_assert(sizeof(RingSlot) == 8 + 4 * record_words + 4 + 4 && alignof(RingSlot) == 8);
static_assert(sizeof(DecisionSection) == 8 + 8 + ring_size * sizeof(RingSlot));

}  // namespace lsp
