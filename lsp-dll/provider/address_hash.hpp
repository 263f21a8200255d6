// Where a table by destination has an address.
#pragma once

#include <cstdint>

namespace lsp::provider {

// Of the address's two halves, to which a caller adds what else tells its items apart. Multiplied by odd constants (of
// SplitMix64), so that every bit reaches the highest ones: take those.
constexpr std::uint64_t address_hash(std::uint64_t low, std::uint64_t high) noexcept {
    const std::uint64_t hash = low * 0xbf58476d1ce4e5b9U ^ high * 0x94d049bb133111ebU;
    return (hash ^ hash >> 29U) * 0x9e3779b97f4a7c15U;
}

}  // namespace lsp::provider
