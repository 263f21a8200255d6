// Reading the section of counters, which any process may have scrambled: whatever the bytes are, the result is well
// formed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "counters.hpp"

namespace lsp {

using Counts = std::array<std::uint64_t, counter_count>;  // by Counter

struct CountsOfProcess {
    ProcessIdentity process;  // which may have ended meanwhile
    std::string image;        // UTF-8 without control characters; only its end if it is long
    Counts counts{};
};

struct ReadCounters {
    Counts total{};                          // of all processes, those that have ended too
    std::vector<CountsOfProcess> processes;  // that have a place in the section
};

// `section` is what was mapped, `size` how much of it there is; it may change while it is read. Nothing if it is too
// short or not of our magic and version.
std::optional<ReadCounters> read_counters(const void* section, std::size_t size);

}  // namespace lsp
