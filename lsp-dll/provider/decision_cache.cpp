#include "decision_cache.hpp"

#include <cstring>
#include <tuple>

#include "address_hash.hpp"
#include "inlining.hpp"
#include "pages.hpp"
#include "route_cache.hpp"
#include "stripes.hpp"

namespace lsp::provider {

namespace {

constexpr std::size_t set_count = 512;  // the hash has nine bits
constexpr std::size_t ways = 2;

using Word = std::atomic<std::uint32_t>;
// As much of an address as a processor compares at once.
using Part = std::uintptr_t;
constexpr std::size_t part_count = std::tuple_size_v<decltype(IpAddress::bytes)> / sizeof(Part);

// A decision under a sequence lock: the sequence is odd while it is written, 0 if it never was. The content is words,
// each atomic, so that a reader that races with a writer reads garbage without undefined behaviour, and then sees that
// the sequence moved. So a torn entry is never used.
struct CachedDecision {
    std::atomic<Part> destination[part_count];
    Word sequence;
    Word kind;  // port, protocol, family
    Word generation;
    Word route_tick;
    Word verdict;  // and what else has few values: see pack
    Word source[4];
    Word pin_interface;  // with Verdict::socks5: the proxy's port
    Word policy_stamp;
    Word told;  // not under the lock: whoever tells of the decision writes it
};
static_assert(sizeof(CachedDecision) == cache_line);

// It is touched as it fills, 64 KB at most.
constinit SharedTable<CachedDecision, set_count * ways> entries;

struct Halves {
    std::array<std::uint64_t, 2> of;
    explicit Halves(const IpAddress& address) noexcept : of(address.halves()) {}
    Part part(std::size_t i) const noexcept {
        if constexpr (sizeof(Part) == sizeof(of[0])) return static_cast<Part>(of[i]);
        return static_cast<Part>(of[i / 2] >> (32U * (i % 2)));
    }
};

std::uint32_t kind_of(const FlowKey& key) noexcept {
    return std::uint32_t{key.port} << 16U | static_cast<std::uint32_t>(key.protocol) << 8U |
           static_cast<std::uint32_t>(key.destination.family);
}

CachedDecision* set_of(CachedDecision* all, const Halves& halves, std::uint32_t kind) noexcept {
    return all + (address_hash(halves.of[0], halves.of[1] + kind) >> 55U) * ways;
}

bool is_of(const CachedDecision& entry, const Halves& halves, std::uint32_t kind) noexcept {
    for (std::size_t i = 0; i < part_count; ++i) {
        if (entry.destination[i].load(std::memory_order_relaxed) != halves.part(i)) return false;
    }
    return entry.kind.load(std::memory_order_relaxed) == kind;
}

// One word: the rule's number and what has few values.
constexpr std::uint32_t rule_shift = 14;
constexpr std::int32_t last_packed_rule = (1 << (32U - rule_shift)) - 2;

constexpr std::uint32_t verdict_shift = 10, verdict_mask = 0xf, decided_bit = 1U << 4U, by_route_bit = 1U << 3U;

std::uint32_t pack(const KnownDecision& known) noexcept {
    const Decision& decision = known.decision;
    return static_cast<std::uint32_t>(decision.rule + 1) << rule_shift |
           static_cast<std::uint32_t>(decision.verdict) << verdict_shift |
           static_cast<std::uint32_t>(decision.reason) << 6U | static_cast<std::uint32_t>(decision.otherwise) << 5U |
           (known.decided ? decided_bit : 0U) | (known.by_route ? by_route_bit : 0U) |
           static_cast<std::uint32_t>(decision.source.family);
}

void unpack(std::uint32_t word, KnownDecision& known) noexcept {
    Decision& decision = known.decision;
    decision.rule = static_cast<std::int32_t>(word >> rule_shift) - 1;
    decision.verdict = static_cast<Verdict>(word >> verdict_shift & verdict_mask);
    decision.reason = static_cast<Reason>(word >> 6U & 0xfU);
    decision.otherwise = static_cast<Otherwise>(word >> 5U & 1U);
    known.decided = (word & decided_bit) != 0;
    known.by_route = (word & by_route_bit) != 0;
    decision.source.family = static_cast<Family>(word & 0x7U);
}
static_assert(static_cast<std::uint32_t>(Reason::not_tcp) < 16);

// A decision that was found, and the sequence under which.
struct Found {
    CachedDecision* entry = nullptr;  // null: there is none
    std::uint32_t sequence = 0;

    // Whether what was read of it meanwhile is whole.
    bool is_unchanged() const noexcept {
        std::atomic_thread_fence(std::memory_order_acquire);
        return entry->sequence.load(std::memory_order_relaxed) == sequence;
    }
};

LSP_INLINE Found find(const FlowKey& key, std::uint32_t generation) noexcept {
    CachedDecision* const all = entries.find();
    if (all == nullptr) return {};
    const Halves halves(key.destination);
    const std::uint32_t kind = kind_of(key);
    CachedDecision* const set = set_of(all, halves, kind);
    for (std::size_t i = 0; i < ways; ++i) {
        CachedDecision& entry = set[i];
        const std::uint32_t sequence = entry.sequence.load(std::memory_order_acquire);
        if (sequence != 0 && sequence % 2 == 0 && is_of(entry, halves, kind) &&
            entry.generation.load(std::memory_order_relaxed) == generation) {
            return {&entry, sequence};
        }
    }
    return {};
}

bool is_too_old(std::uint32_t route_tick, std::uint32_t now) noexcept { return now - route_tick >= route_lifetime_ms; }

// The place for a new decision: that of an older one of the same flow, else one that counts no more, else either.
CachedDecision& place_for(CachedDecision* set, const Halves& halves, std::uint32_t kind, std::uint32_t generation,
                          std::uint32_t now) noexcept {
    for (std::size_t i = 0; i < ways; ++i) {
        if (is_of(set[i], halves, kind)) return set[i];
    }
    for (std::size_t i = 0; i < ways; ++i) {
        if (set[i].generation.load(std::memory_order_relaxed) != generation) return set[i];
    }
    return set[now / 16 % ways];
}

}  // namespace

bool find_decision(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KnownDecision& known) noexcept {
    const Found found = find(key, generation);
    if (found.entry == nullptr) return false;
    CachedDecision& entry = *found.entry;
    unpack(entry.verdict.load(std::memory_order_relaxed), known);
    known.route_tick = entry.route_tick.load(std::memory_order_relaxed);
    known.policy_stamp = entry.policy_stamp.load(std::memory_order_relaxed);
    Decision& decision = known.decision;
    if (decision.source) {
        for (std::size_t i = 0; i < 4; i += 2) {
            const std::uint64_t half = entry.source[i].load(std::memory_order_relaxed) |
                                       std::uint64_t{entry.source[i + 1].load(std::memory_order_relaxed)} << 32U;
            std::memcpy(decision.source.bytes.data() + i * sizeof(std::uint32_t), &half, sizeof(half));
        }
    }
    const std::uint32_t word = entry.pin_interface.load(std::memory_order_relaxed);
    if (decision.verdict == Verdict::socks5) {
        decision.proxy_port = static_cast<std::uint16_t>(word);
    } else {
        decision.pin_interface = word;
    }
    known.told = &entry.told;
    if (found.is_unchanged() && !(known.by_route && is_too_old(known.route_tick, now))) return true;
    known = {};
    return false;
}

bool find_kept(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KeptDecision& kept) noexcept {
    const Found found = find(key, generation);
    if (found.entry == nullptr) return false;
    const std::uint32_t word = found.entry->verdict.load(std::memory_order_relaxed);
    const std::uint32_t route_tick = found.entry->route_tick.load(std::memory_order_relaxed);
    kept = {found.entry->told.load(std::memory_order_relaxed), (word & decided_bit) != 0};
    return (word >> verdict_shift & verdict_mask) == static_cast<std::uint32_t>(Verdict::keep) &&
           !((word & by_route_bit) != 0 && is_too_old(route_tick, now)) && found.is_unchanged();
}

void remember_decision(const FlowKey& key, std::uint32_t generation, std::uint32_t now, KnownDecision& known) noexcept {
    CachedDecision* const all = known.decision.rule <= last_packed_rule ? entries.find_or_make() : nullptr;
    if (all == nullptr) return;
    const Halves halves(key.destination);
    const std::uint32_t kind = kind_of(key);
    CachedDecision& entry = place_for(set_of(all, halves, kind), halves, kind, generation, now);
    std::uint32_t before = entry.sequence.load(std::memory_order_relaxed);
    if (before % 2 != 0) return;  // another thread writes; its decision is as good
    if (!entry.sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) return;
    std::atomic_thread_fence(std::memory_order_release);
    const Decision& decision = known.decision;
    // The same decision for the same flow was told of already.
    const bool again = is_of(entry, halves, kind) &&
                       entry.policy_stamp.load(std::memory_order_relaxed) == known.policy_stamp &&
                       entry.verdict.load(std::memory_order_relaxed) == pack(known);
    if (!again) entry.told.store(0, std::memory_order_relaxed);
    for (std::size_t i = 0; i < part_count; ++i) entry.destination[i].store(halves.part(i), std::memory_order_relaxed);
    entry.kind.store(kind, std::memory_order_relaxed);
    entry.generation.store(generation, std::memory_order_relaxed);
    entry.route_tick.store(known.route_tick, std::memory_order_relaxed);
    entry.verdict.store(pack(known), std::memory_order_relaxed);
    std::uint32_t words[4];
    std::memcpy(words, decision.source.bytes.data(), sizeof(words));
    for (std::size_t i = 0; i < 4; ++i) entry.source[i].store(words[i], std::memory_order_relaxed);
    entry.pin_interface.store(decision.verdict == Verdict::socks5 ? decision.proxy_port : decision.pin_interface,
                              std::memory_order_relaxed);
    entry.policy_stamp.store(known.policy_stamp, std::memory_order_relaxed);
    known.told = &entry.told;
    // 0 is for what was never written.
    entry.sequence.store(before + 2 == 0 ? 2 : before + 2, std::memory_order_release);
}

}  // namespace lsp::provider
