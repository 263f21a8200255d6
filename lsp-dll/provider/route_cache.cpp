#include "route_cache.hpp"

#include <windows.h>

#include <atomic>
#include <cstring>
#include <memory>

#include "../system/routes.hpp"
#include "network_changes.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD lifetime_ms = 1000;
constexpr std::size_t entry_count = 256;  // the hash has eight bits
constexpr std::size_t word_count = 11;

// One destination's route under a sequence lock: odd while it is written. The content is words, each atomic, so that a
// reader that races with a writer reads garbage without undefined behaviour, and then sees that the sequence moved.
struct CachedRoute {
    std::atomic<std::uint32_t> sequence;
    std::atomic<std::uint32_t> words[word_count];
};

struct Content {
    IpAddress destination;
    IpAddress source;
    std::uint32_t interface_index = 0;
    std::uint32_t tick = 0;
    std::uint32_t generation = 0;

    void store(std::uint32_t (&words)[word_count]) const noexcept {
        std::memcpy(&words[0], destination.bytes.data(), 16);
        std::memcpy(&words[4], source.bytes.data(), 16);
        words[8] = interface_index;
        words[9] = tick;
        // The families share a word with the generation, whose high bits nobody misses.
        words[10] = generation << 8 | static_cast<std::uint32_t>(destination.family) << 4 |
                    static_cast<std::uint32_t>(source.family);
    }
    void load(const std::uint32_t (&words)[word_count]) noexcept {
        std::memcpy(destination.bytes.data(), &words[0], 16);
        std::memcpy(source.bytes.data(), &words[4], 16);
        interface_index = words[8];
        tick = words[9];
        generation = words[10] >> 8;
        destination.family = static_cast<Family>(words[10] >> 4 & 0xf);
        source.family = static_cast<Family>(words[10] & 0xf);
    }
};

// Made at the first look-up: most processes never need one.
std::atomic<CachedRoute*> entries{nullptr};
std::atomic<std::uint32_t> forgotten{1};

// Both only grow, so that no sum comes back.
std::uint32_t current_generation() noexcept {
    return (forgotten.load(std::memory_order_acquire) + route_changes()) & 0xffffff;
}

CachedRoute* table() noexcept {
    CachedRoute* there = entries.load(std::memory_order_acquire);
    if (there != nullptr) return there;
    // Zeros are what the atomics start with.
    void* const memory =
        VirtualAlloc(nullptr, entry_count * sizeof(CachedRoute), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory == nullptr) return nullptr;
    auto* const made = static_cast<CachedRoute*>(memory);
    std::uninitialized_value_construct_n(made, entry_count);
    if (entries.compare_exchange_strong(there, made, std::memory_order_acq_rel, std::memory_order_acquire)) return made;
    VirtualFree(memory, 0, MEM_RELEASE);
    return there;
}

CachedRoute& entry_for(CachedRoute* routes, const IpAddress& destination) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, destination.bytes.data(), sizeof(halves));
    // Multiplied by odd constants (of SplitMix64), so that every bit reaches the highest ones.
    const std::uint64_t hash = halves[0] * 0xbf58476d1ce4e5b9u ^ halves[1] * 0x94d049bb133111ebu;
    return routes[(hash ^ hash >> 29) >> 56];
}

bool read(const CachedRoute& entry, Content& content) noexcept {
    const std::uint32_t before = entry.sequence.load(std::memory_order_acquire);
    if (before == 0 || before % 2 != 0) return false;
    std::uint32_t words[word_count];
    for (std::size_t i = 0; i < word_count; ++i) words[i] = entry.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (entry.sequence.load(std::memory_order_relaxed) != before) return false;
    content.load(words);
    return true;
}

void write(CachedRoute& entry, const Content& content) noexcept {
    std::uint32_t before = entry.sequence.load(std::memory_order_relaxed);
    if (before % 2 != 0) return;  // another thread writes; its answer is as good
    if (!entry.sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) return;
    std::atomic_thread_fence(std::memory_order_release);
    std::uint32_t words[word_count];
    content.store(words);
    for (std::size_t i = 0; i < word_count; ++i) entry.words[i].store(words[i], std::memory_order_relaxed);
    entry.sequence.store(before + 2, std::memory_order_release);
}

}  // namespace

void forget_routes() noexcept { forgotten.fetch_add(1, std::memory_order_acq_rel); }

Route cached_route(const IpAddress& destination, std::uint32_t now) noexcept {
    CachedRoute* const routes = table();
    const std::uint32_t known = current_generation();
    Content content;
    if (routes != nullptr && read(entry_for(routes, destination), content) && content.destination == destination &&
        content.generation == known && now - content.tick < lifetime_ms) {
        return {content.interface_index, content.source};
    }

    count(Counter::route_lookups);
    system::BestRoute best;
    Route route;
    if (system::best_route(destination, best) == 0) route = {best.interface_index, best.source};
    watch_network();
    content.destination = destination;
    content.source = route.source;
    content.interface_index = route.interface_index;
    content.tick = now;
    content.generation = known;  // taken before the look-up: a change in between makes this answer stale at once
    if (routes != nullptr) write(entry_for(routes, destination), content);
    return route;
}

}  // namespace lsp::provider
