// The sections that programs share, scrambled: the input is pieces that are laid over a section in use, each an offset
// (two bytes), a length (one) and that many bytes; an input that begins with 0xFF is the section itself. Whatever
// stands there, the reader gives what is well formed, and the ring works again by itself.
#include <algorithm>
#include <cstring>
#include <memory>

#include "../core/section.hpp"
#include "core/connections.hpp"
#include "core/counter_reader.hpp"
#include "core/decision_reader.hpp"
#include "core/readable.hpp"
#include "core/text.hpp"
#include "property.hpp"

using namespace lsp;

namespace {

constexpr std::size_t section_size = sizeof(DecisionSection);
constexpr std::uint32_t ours = 0x600DF00D;

DecisionRecord record_of_ours() {
    DecisionRecord record;
    record.process_id = ours;
    record.protocol = static_cast<std::uint8_t>(Protocol::tcp);
    record.verdict = static_cast<std::uint8_t>(Verdict::source);
    record.family = static_cast<std::uint8_t>(Family::ipv4);
    std::memcpy(record.image, "curl.exe", 8);
    return record;
}

void lay_over(unsigned char* section, const std::uint8_t* data, std::size_t size) {
    while (size >= 3) {
        const std::size_t offset = (data[0] + 256U * data[1]) % section_size;
        const std::size_t length = std::min({std::size_t{data[2]}, size - 3, section_size - offset});
        std::memcpy(section + offset, data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
}

void check(const RecordedDecisions& telemetry) {
    fuzz::require(telemetry.decisions.size() <= ring_size, "there are no more decisions than places");
    const RecordedDecision* before = nullptr;
    for (const RecordedDecision& decision : telemetry.decisions) {
        fuzz::require(before == nullptr || before->number < decision.number, "decisions are in order, each once");
        fuzz::require(decision.number < telemetry.next, "a decision has been begun");
        fuzz::require(decision.image.size() <= longest_image_name, "an image's name is short");
        fuzz::require(!text::find_unprintable(decision.image, false), "an image's name is printable");
        fuzz::require(parse_address(to_string(decision.destination)) == decision.destination,
                      "a destination is an address");
        fuzz::require((decision.verdict == Verdict::source) == static_cast<bool>(decision.source),
                      "a source belongs to its verdict");
        fuzz::require(std::strcmp(to_string(decision.reason), "unknown") != 0 &&
                          std::strcmp(to_string(decision.result), "unknown") != 0 &&
                          std::strcmp(to_string(decision.protocol), "unknown") != 0,
                      "every word has a text");
        fuzz::require(decision.rule >= -1, "a rule is a number or none");
        before = &decision;
    }
}

// What is claimed of a connection, whatever was told of it: nothing of another program's, and no rule that is not
// there.
void check_joined(const RecordedDecisions& telemetry) {
    Policy policy;
    policy.rules.resize(2);
    policy.rules[1].app = "telnet.exe";
    ConnectionSources sources;
    sources.decisions = telemetry.decisions;
    sources.policy = &policy;
    sources.programs = {{{ours, 1}, "curl.exe", "C:\\curl.exe"}};
    for (const RecordedDecision& decision : telemetry.decisions) {
        Connection connection;
        connection.state = TcpState::established;
        connection.local = decision.source ? decision.source : IpAddress::v4(11, 22, 33, 44);
        connection.remote = decision.destination;
        connection.remote_port = decision.port;
        connection.process_id = decision.number % 2 == 0 ? ours : decision.process_id;
        connection.created = decision.number % 3 == 0 ? decision.time : 0;
        sources.table.push_back(connection);
    }
    for (const JoinedConnection& joined : join_connections(sources)) {
        if (joined.told == nullptr) continue;
        const RecordedDecision& told = *joined.told;
        fuzz::require(joined.program != nullptr && told.process_id == ours && told.image == "curl.exe",
                      "a decision is its own program's");
        fuzz::require(told.time >= 1 && told.protocol == Protocol::tcp && told.port == joined.connection.remote_port &&
                          told.destination == joined.connection.remote.unmapped(),
                      "and about that connection's destination");
        fuzz::require(told.policy_stamp != 0 || told.rule <= 0, "by a rule that is there, and for that program");
        fuzz::require(told.verdict != Verdict::refuse, "what was refused is no connection");
        fuzz::require(!joined.certain || joined.connection.created != 0, "certain is only what the time tells");
    }
}

// The same bytes as a section of counters: laid over one in use, as far as they reach.
constexpr ImageName image = "curl.exe";

void check_counters(const std::uint8_t* data, std::size_t size) {
    const auto section = empty_section<CounterSection>();
    take_place(*section, {4, 1}, image, [](const ProcessIdentity&) noexcept { return true; });
    constexpr std::size_t head = 8;
    std::memcpy(reinterpret_cast<unsigned char*>(section.get()) + head, data,
                std::min(size, sizeof(CounterSection) - head));
    const auto counters = read_counters(section.get(), sizeof(CounterSection));
    fuzz::require(counters.has_value(), "a section is known by its magic and version");
    for (const CountsOfProcess& process : counters->processes) {
        fuzz::require(process.image.size() <= longest_image_name, "an image's name is short");
        fuzz::require(!text::find_unprintable(process.image, false), "an image's name is printable");
        fuzz::require(process.process.process_id % 2 == 0 && process.process.started != 0,
                      "a process that counts has told it");
    }
    ProcessCounts* const place = take_place(
        *section, {8, 2}, image, [](const ProcessIdentity& process) noexcept { return process.process_id == 4; });
    if (place == nullptr) return;
    fuzz::require(place->owner == 8, "a place that is taken is one's own");
    leave_place(*section, *place, 8);
    fuzz::require(place->owner == 0, "a place that is left is free");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_counters(data, size);
    const auto section = empty_section<DecisionSection>();
    for (std::uint32_t i = 0; i < 3; ++i) append(*section, record_of_ours());

    auto* const bytes = reinterpret_cast<unsigned char*>(section.get());
    if (size > 0 && data[0] == 0xFF) {
        std::memcpy(bytes, data + 1, std::min(size - 1, section_size));
        // Less than it should be is never looked at.
        const std::vector<unsigned char> some(data + 1, data + std::min(size, section_size));
        fuzz::require(!read_decisions(some.data(), some.size()), "a section that is too short is none");
    } else {
        lay_over(bytes, data, size);
    }
    // A check that fails would hide the rest from the reader.
    for (RingSlot& slot : section->ring) {
        std::uint32_t words[record_words];
        for (std::size_t i = 0; i < record_words; ++i) words[i] = slot.words[i];
        slot.check = record_check(words, slot.ticket / 2 - 1);
    }
    const bool of_ours =
        section->magic == DecisionSection::expected_magic && section->version == DecisionSection::expected_version;
    const auto telemetry = read_decisions(section.get(), section_size);
    fuzz::require(telemetry.has_value() == of_ours, "a section is known by its magic and version");
    if (!telemetry) return 0;
    check(*telemetry);
    check_joined(*telemetry);

    for (std::uint32_t i = 0; i < 20 * ring_size; ++i) append(*section, record_of_ours());
    // Records from before the count's end are not told apart from later ones: there is a round of new ones to wait for.
    for (std::uint32_t i = 0; record_number(section->next) < ring_size && i < ring_size; ++i) {
        append(*section, record_of_ours());
    }
    const auto later = read_decisions(section.get(), section_size);
    fuzz::require(later.has_value(), "writers leave magic and version alone");
    check(*later);
    fuzz::require(later->decisions.size() == ring_size, "a scrambled ring works again by itself");
    for (const RecordedDecision& decision : later->decisions) {
        fuzz::require(decision.process_id == ours, "and holds what was written last");
    }
    return 0;
}
