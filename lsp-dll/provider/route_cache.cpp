#include "route_cache.hpp"

#include <windows.h>

#include <atomic>
#include <cstring>

#include "../system/routes.hpp"
#include "address_hash.hpp"
#include "generation.hpp"
#include "network_changes.hpp"
#include "pages.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr std::size_t entry_count = 256;  // the hash has eight bits
constexpr std::size_t word_count = 11;

// One destination's route under a sequence lock: odd while it is written. The content is words, each atomic, so that a
// reader that races with a writer reads garbage without undefined behaviour, and then sees that the sequence moved.
struct CachedRoute {
    std::atomic<std::uint32_t> sequence;
    std::atomic<std::uint32_t> words[word_count];
};

using Words = std::uint32_t[word_count];
// The words of a route: the destination first, four words, as are those of the source.
enum : std::size_t { source_words = 4, interface_word = 8, tick_word = 9, state_word = 10 };

// The families share a word with the generation, whose high bits nobody misses.
constexpr std::uint32_t state_of(std::uint32_t generation, Family destination, Family source) noexcept {
    return generation << 8U | static_cast<std::uint32_t>(destination) << 4U | static_cast<std::uint32_t>(source);
}

constinit SharedTable<CachedRoute, entry_count> cached_routes;

std::uint32_t current_generation() noexcept { return generation() & 0xffffff; }

CachedRoute& entry_for(CachedRoute* routes, const IpAddress& destination) noexcept {
    const auto halves = destination.halves();
    return routes[address_hash(halves[0], halves[1]) >> 56U];
}

// The words, if they are a route to the destination.
bool read(const CachedRoute& entry, const IpAddress& destination, Words& words) noexcept {
    const std::uint32_t before = entry.sequence.load(std::memory_order_acquire);
    if (before == 0 || before % 2 != 0) return false;
    for (std::size_t i = 0; i < word_count; ++i) words[i] = entry.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    return entry.sequence.load(std::memory_order_relaxed) == before &&
           std::memcmp(words, destination.bytes.data(), destination.bytes.size()) == 0 &&
           (words[state_word] >> 4U & 0xfU) == static_cast<std::uint32_t>(destination.family);
}

void write(CachedRoute& entry, const Words& words) noexcept {
    std::uint32_t before = entry.sequence.load(std::memory_order_relaxed);
    if (before % 2 != 0) return;  // another thread writes; its answer is as good
    if (!entry.sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) return;
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < word_count; ++i) entry.words[i].store(words[i], std::memory_order_relaxed);
    entry.sequence.store(before + 2, std::memory_order_release);
}

}  // namespace

Route cached_route(const IpAddress& destination, std::uint32_t now, std::uint32_t& asked_at) noexcept {
    CachedRoute* const routes = cached_routes.find_or_make();
    const std::uint32_t known = current_generation();
    Words words;
    Route route;
    if (routes != nullptr && read(entry_for(routes, destination), destination, words) &&
        words[state_word] >> 8U == known && now - words[tick_word] < route_lifetime_ms) {
        asked_at = words[tick_word];
        route.interface_index = words[interface_word];
        route.source.family = static_cast<Family>(words[state_word] & 0xfU);
        std::memcpy(route.source.bytes.data(), &words[source_words], route.source.bytes.size());
        return route;
    }

    asked_at = now;
    count(Counter::route_lookups);
    system::BestRoute best;
    if (system::best_route(destination, best) == 0) route = {best.interface_index, best.source};
    watch_network();
    std::memcpy(words, destination.bytes.data(), destination.bytes.size());
    std::memcpy(&words[source_words], route.source.bytes.data(), route.source.bytes.size());
    words[interface_word] = route.interface_index;
    words[tick_word] = now;
    // The generation was taken before the look-up: a change in between makes this answer stale at once.
    words[state_word] = state_of(known, destination.family, route.source.family);
    if (routes != nullptr) write(entry_for(routes, destination), words);
    return route;
}

}  // namespace lsp::provider
