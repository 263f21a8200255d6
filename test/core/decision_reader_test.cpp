#include "core/decision_reader.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/readable.hpp"
#include "section.hpp"

using namespace lsp;

namespace {

DecisionRecord sample_record(std::uint32_t number) {
    DecisionRecord record;
    record.time = 133'000'000'000'000'000 + number;
    record.process_id = number;
    record.rule = static_cast<std::int32_t>(number % 1000);
    record.policy_stamp = number * 7;
    record.error = number * 3;
    record.port = static_cast<std::uint16_t>(number);
    record.protocol = static_cast<std::uint8_t>(Protocol::tcp);
    record.verdict = static_cast<std::uint8_t>(Verdict::source);
    record.reason = static_cast<std::uint8_t>(Reason::rule);
    record.result = static_cast<std::uint8_t>(DecisionResult::failed);
    record.family = static_cast<std::uint8_t>(Family::ipv4);
    for (std::uint8_t i = 0; i < 4; ++i)
        record.destination[i] = record.source[i] = static_cast<std::uint8_t>(number >> i);
    std::memcpy(record.image, "curl.exe", 8);
    return record;
}

RecordedDecisions read(const DecisionSection& section) {
    auto telemetry = read_decisions(&section, sizeof(section));
    REQUIRE(telemetry);
    return *telemetry;
}

}  // namespace

TEST_CASE("a decision in the ring reads back as it was") {
    const auto section = empty_section<DecisionSection>();
    append(*section, sample_record(0x01020304));
    const RecordedDecisions telemetry = read(*section);
    REQUIRE(telemetry.decisions.size() == 1);
    const RecordedDecision& decision = telemetry.decisions[0];
    CHECK(decision.number == 0);
    CHECK(decision.time == 133'000'000'000'000'000 + 0x01020304);
    CHECK(decision.process_id == 0x01020304);
    CHECK(decision.image == "curl.exe");
    CHECK(decision.protocol == Protocol::tcp);
    CHECK(to_string(decision.destination) == "4.130.193.96");
    CHECK(decision.source == decision.destination);
    CHECK(decision.port == 0x0304);
    CHECK(decision.verdict == Verdict::source);
    CHECK(decision.result == DecisionResult::failed);
    CHECK(decision.error == 0x01020304u * 3);
}

TEST_CASE("the ring holds the latest, in order") {
    const auto section = empty_section<DecisionSection>();
    for (std::uint32_t i = 0; i < 3 * ring_size + 5; ++i) append(*section, sample_record(i));
    const RecordedDecisions telemetry = read(*section);
    CHECK(telemetry.next == 3 * ring_size + 5);
    REQUIRE(telemetry.decisions.size() == ring_size);
    for (std::size_t i = 0; i < ring_size; ++i) {
        CHECK(telemetry.decisions[i].number == 2 * ring_size + 5 + i);
        CHECK(telemetry.decisions[i].process_id == telemetry.decisions[i].number);
    }
}

TEST_CASE("a writer that was killed at it blocks its place for a few rounds only") {
    const auto section = empty_section<DecisionSection>();
    section->next = 7;
    section->ring[7].ticket = 2 * 7 + 1;
    section->next = 8;
    std::uint32_t written = 8;
    for (; written < 20 * ring_size; ++written) append(*section, sample_record(written));
    const RecordedDecisions telemetry = read(*section);
    CHECK(telemetry.decisions.size() == ring_size);
}

TEST_CASE("a ring that somebody has scrambled works again by itself") {
    std::mt19937_64 random(4711);
    for (int round = 0; round < 50; ++round) {
        const auto section = empty_section<DecisionSection>();
        for (RingSlot& slot : section->ring) {
            slot.ticket = random();
            for (auto& word : slot.words) word = static_cast<std::uint32_t>(random());
        }
        const std::uint64_t next = random() >> 8;
        section->next = next;
        for (std::uint32_t i = 0; i < 20 * ring_size; ++i) append(*section, sample_record(i));
        CHECK(read(*section).decisions.size() == ring_size);
    }
}

TEST_CASE("a ring whose count somebody has set to anything goes on from there") {
    constexpr std::uint64_t half = std::uint64_t{1} << 63;
    constexpr std::uint64_t beyond_javascript = std::uint64_t{1} << 53;
    for (const std::uint64_t next : {beyond_javascript, half - 1, half, half + 5, UINT64_MAX}) {
        CAPTURE(next);
        const auto section = empty_section<DecisionSection>();
        section->next = next;
        for (std::uint32_t i = 0; i < 20 * ring_size; ++i) append(*section, sample_record(i));
        const RecordedDecisions telemetry = read(*section);
        REQUIRE(telemetry.decisions.size() == ring_size);
        CHECK(telemetry.decisions.back().process_id == 20 * ring_size - 1);
        CHECK(telemetry.decisions.back().number + 1 == telemetry.next);
        CHECK(telemetry.next < beyond_javascript);
    }
}

TEST_CASE("what is not the section is nothing, and garbage in it never comes out as something malformed") {
    CHECK_FALSE(read_decisions(nullptr, 100));
    std::mt19937_64 random(42);
    std::vector<std::uint64_t> bytes(sizeof(DecisionSection) / 8);
    std::size_t decisions = 0;
    for (int round = 0; round < 2000; ++round) {
        for (auto& word : bytes) word = random();
        auto& section = *reinterpret_cast<DecisionSection*>(bytes.data());
        CHECK_FALSE(read_decisions(&section, sizeof(section)));
        section.magic = DecisionSection::expected_magic;
        section.version = DecisionSection::expected_version;
        CHECK_FALSE(read_decisions(&section, sizeof(section) - 1));
        // Tickets that pass, so that the records are looked at.
        section.next = 2 * ring_size;
        for (std::uint32_t i = 0; i < ring_size; ++i) section.ring[i].ticket = 2 * (ring_size + i) + 2;
        // Half of the records have fields that are in range.
        for (std::uint32_t i = 0; i < ring_size; i += 2) {
            DecisionRecord record = sample_record(i);
            for (char& c : record.image) c = static_cast<char>(random());
            std::uint32_t words[record_words];
            std::memcpy(words, &record, sizeof(record));
            for (std::size_t word = 0; word < record_words; ++word) section.ring[i].words[word] = words[word];
            section.ring[i].check = record_check(words, ring_size + i);
        }
        const RecordedDecisions telemetry = read(section);
        decisions += telemetry.decisions.size();
        for (const RecordedDecision& decision : telemetry.decisions) {
            CHECK(decision.verdict <= Verdict::socks5);
            CHECK(decision.destination.family != Family::none);
            for (const char c : decision.image) CHECK(static_cast<unsigned char>(c) >= 0x20);
        }
    }
    CHECK(decisions >= 2000 * ring_size / 2);
}

TEST_CASE("a writer that was taken for dead and goes on spoils a record, which then is none") {
    const auto section = empty_section<DecisionSection>();
    append(*section, sample_record(1));
    append(*section, sample_record(2));
    const DecisionRecord late = sample_record(3);
    std::uint32_t words[record_words];
    std::memcpy(words, &late, sizeof(late));
    SUBCASE("in part") {
        for (std::size_t i = 0; i < record_words / 2; ++i) section->ring[1].words[i] = words[i];
    }
    SUBCASE("to its end") {
        for (std::size_t i = 0; i < record_words; ++i) section->ring[1].words[i] = words[i];
        section->ring[1].check = record_check(words, 1 + 8 * ring_size);
    }
    const RecordedDecisions read_back = read(*section);
    REQUIRE(read_back.decisions.size() == 1);
    CHECK(read_back.decisions[0].process_id == 1);
}

TEST_CASE("many writers at once: each record that reads back is whole") {
    const auto section = empty_section<DecisionSection>();
    std::atomic<bool> stop{false};
    std::vector<std::thread> writers;
    for (std::uint32_t thread = 0; thread < 8; ++thread) {
        writers.emplace_back([&, thread] {
            for (std::uint32_t i = 0; i < 20'000; ++i) append(*section, sample_record(thread * 1'000'000 + i));
        });
    }
    std::size_t seen = 0, torn = 0;
    std::thread reader([&] {
        while (!stop) {
            for (const RecordedDecision& decision : read(*section).decisions) {
                ++seen;
                const DecisionRecord expected = sample_record(decision.process_id);
                torn += decision.time != expected.time || decision.policy_stamp != expected.policy_stamp ||
                        decision.error != expected.error || decision.port != expected.port;
            }
        }
    });
    for (std::thread& writer : writers) writer.join();
    stop = true;
    reader.join();
    CHECK(seen > 0);
    CHECK(torn == 0);
    CHECK(read(*section).next == 8 * 20'000);
}
