#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/counter_reader.hpp"
#include "core/text.hpp"
#include "section.hpp"

using namespace lsp;

namespace {

ReadCounters read(const CounterSection& section) {
    auto counters = read_counters(&section, sizeof(section));
    REQUIRE(counters);
    return *counters;
}

bool all_alive(const ProcessIdentity&) noexcept { return true; }
bool none_alive(const ProcessIdentity&) noexcept { return false; }

constexpr ImageName curl = "curl.exe";
constexpr auto first = static_cast<std::size_t>(Counter::startups);

}  // namespace

TEST_CASE("every counter has a name of its own") {
    std::set<std::string> names;
    for (std::uint32_t i = 0; i < counter_count; ++i) {
        const std::string name = to_string(static_cast<Counter>(i));
        CHECK(name != "unknown");
        CHECK(names.insert(name).second);
    }
    CHECK(names.count("decided_keep") == 1);
    CHECK(std::string(to_string(Counter::count_)) == "unknown");
    CHECK(std::string(to_string(static_cast<Counter>(UINT32_MAX))) == "unknown");
}

TEST_CASE("a process's counts are its own while it lives, and are kept when it has ended") {
    const auto section = empty_section<CounterSection>();
    ProcessCounts* const place = take_place(*section, {4, 77}, curl, all_alive);
    REQUIRE(place != nullptr);
    place->counts[first] = 5;
    ReadCounters counters = read(*section);
    REQUIRE(counters.processes.size() == 1);
    CHECK(counters.processes[0].process.process_id == 4);
    CHECK(counters.processes[0].process.started == 77);
    CHECK(counters.processes[0].image == "curl.exe");
    CHECK(counters.processes[0].counts[first] == 5);
    CHECK(counters.total[first] == 5);

    leave_place(*section, *place, 4);
    counters = read(*section);
    CHECK(counters.processes.empty());
    CHECK(counters.total[first] == 5);
}

TEST_CASE("where every place is taken, one of a process that was killed is found, and its counts are kept") {
    const auto section = empty_section<CounterSection>();
    for (std::uint32_t i = 1; i <= process_places; ++i) {
        ProcessCounts* const place = take_place(*section, {4 * i, i}, curl, all_alive);
        REQUIRE(place != nullptr);
        place->counts[first] = 1;
    }
    CHECK(take_place(*section, {4000, 1}, curl, all_alive) == nullptr);
    const auto seventh_is_dead = [](const ProcessIdentity& process) noexcept { return process.process_id != 28; };
    ProcessCounts* const place = take_place(*section, {4000, 1}, curl, seventh_is_dead);
    REQUIRE(place == &section->processes[6]);
    place->counts[first].fetch_add(10);
    const ReadCounters counters = read(*section);
    CHECK(counters.total[first] == process_places + 10);
    CHECK(counters.processes.size() == process_places);
    CHECK(counters.processes[6].counts[first] == 10);
}

TEST_CASE("a place that was scrambled is not left as if it were one's own, and nothing is lost but what was there") {
    const auto section = empty_section<CounterSection>();
    ProcessCounts* const place = take_place(*section, {4, 1}, curl, all_alive);
    place->owner = 12;
    place->counts[first] = 3;
    leave_place(*section, *place, 4);
    CHECK(place->owner == 12);
    CHECK(read(*section).total[first] == 3);
}

TEST_CASE("many processes that come and go at once lose no count") {
    const auto section = empty_section<CounterSection>();
    std::vector<std::thread> processes;
    constexpr std::uint32_t lives = 2000, threads = 8;
    for (std::uint32_t thread = 1; thread <= threads; ++thread) {
        processes.emplace_back([&section, thread] {
            for (std::uint32_t life = 1; life <= lives; ++life) {
                // Those that are killed leave their place to others, who take it for dead at once.
                ProcessCounts* const place =
                    take_place(*section, {4 * (thread * lives + life), life}, curl, none_alive);
                if (place == nullptr) {
                    section->others[first].fetch_add(1);
                    continue;
                }
                const std::uint32_t owner = place->owner;
                if (owner != 4 * (thread * lives + life)) {
                    section->others[first].fetch_add(1);
                    continue;
                }
                place->counts[first].fetch_add(1);
                if (life % 3 != 0) leave_place(*section, *place, owner);
            }
        });
    }
    for (std::thread& process : processes) process.join();
    CHECK(read(*section).total[first] == std::uint64_t{lives} * threads);
}

TEST_CASE("what is not the section is nothing, and garbage in it never comes out as something malformed") {
    CHECK_FALSE(read_counters(nullptr, 100));
    std::mt19937_64 random(42);
    std::vector<std::uint64_t> bytes(sizeof(CounterSection) / 8);
    for (int round = 0; round < 200; ++round) {
        for (auto& word : bytes) word = random();
        auto& section = *reinterpret_cast<CounterSection*>(bytes.data());
        CHECK_FALSE(read_counters(&section, sizeof(section)));
        section.magic = CounterSection::expected_magic;
        section.version = CounterSection::expected_version;
        CHECK_FALSE(read_counters(&section, sizeof(section) - 1));
        const ReadCounters counters = read(section);
        CHECK(counters.processes.size() <= process_places);
        for (const CountsOfProcess& process : counters.processes) {
            CHECK(process.image.size() <= longest_image_name);
            CHECK_FALSE(text::find_unprintable(process.image, false));
        }
        // It works again by itself: whoever is taken for dead leaves the place.
        CHECK(take_place(section, {4, 1}, curl, none_alive) != nullptr);
    }
}
