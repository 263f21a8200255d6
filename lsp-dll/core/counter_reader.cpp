#include "counter_reader.hpp"

#include <cstring>
#include <iterator>
#include <utility>

#include "readable.hpp"
#include "shared_section.hpp"

namespace lsp {

std::optional<ReadCounters> read_counters(const void* section, std::size_t size) {
    const auto* const shared = as_section<CounterSection>(section, size);
    if (shared == nullptr) return std::nullopt;
    ReadCounters read;
    for (std::size_t i = 0; i < counter_count; ++i) read.total[i] = shared->others[i].load(std::memory_order_relaxed);
    for (const ProcessCounts& place : shared->processes) {
        CountsOfProcess one;
        for (std::size_t i = 0; i < counter_count; ++i) {
            one.counts[i] = place.counts[i].load(std::memory_order_relaxed);
            read.total[i] += one.counts[i];
        }
        one.process = {place.owner.load(std::memory_order_acquire), place.started.load(std::memory_order_relaxed)};
        // Free, being taken, or its counts are on their way to the others'.
        if (one.process.process_id == 0 || (one.process.process_id & moving_bit) != 0 || one.process.started == 0)
            continue;
        std::uint32_t words[longest_image_name / sizeof(std::uint32_t)];
        for (std::size_t i = 0; i < std::size(words); ++i) words[i] = place.image[i].load(std::memory_order_relaxed);
        ImageName image;
        std::memcpy(image, words, sizeof(image));
        one.image = readable_image(image);
        read.processes.push_back(std::move(one));
    }
    return read;
}

}  // namespace lsp
