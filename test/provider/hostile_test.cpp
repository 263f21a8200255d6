// What bad calls give with our DLL in the chain, beside what they gave without it. The latter is a file that the suite
// "without" writes before the DLL is installed; TEST_OUTCOMES_WITHOUT names both.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "fixture.hpp"
#include "hostile_situations.hpp"
#include "outcomes_file.hpp"

using namespace test;

namespace {

std::map<std::string, std::string> outcomes_without_us() {
    std::map<std::string, std::string> outcomes;
    for (const auto& [situation, outcome] : read_outcomes()) outcomes[situation] = outcome;
    return outcomes;
}

bool is_fault(const std::string& outcome) { return outcome.starts_with("fault"); }

// Where Wine itself faults there is nothing to be equal to, but the fault must not be ours.
bool is_as_without_us(const std::string& with, const std::string& without) {
    if (with == "fault in winsock-lsp.dll") return false;
    return with == without || (is_fault(with) && is_fault(without));
}

void compare(const Situations& situations) {
    const std::map<std::string, std::string> without = outcomes_without_us();
    std::size_t faults = 0;
    std::size_t left_out = 0;
    for (const Situation& situation : situations) {
        const auto found = without.find(situation.name);
        REQUIRE_MESSAGE(found != without.end(), situation.name);
        REQUIRE_MESSAGE(found->second != "no socket", situation.name);
        if (is_fault(found->second)) ++faults;
        if (is_fatal(found->second)) {
            ++left_out;
            continue;
        }
        const std::string outcome = situation.outcome();
        if (!is_as_without_us(outcome, found->second)) {
            FAIL_CHECK(situation.name << ": " << outcome << ", without us " << found->second);
        }
    }
    CHECK(situations.size() > 300);
    CHECK(left_out < situations.size() / 10);
    MESSAGE(situations.size(), " situations, in ", faults, " of which Wine faults without us; ", left_out, " left out");
}

}  // namespace

TEST_SUITE_BEGIN("without");

TEST_CASE("bad calls give the same each time without us, which is what they are to give with us") {
    CHECK(write_outcomes_in_children());
    compare(bad_arguments());
    compare(foreign_handles());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("outcomes");

TEST_CASE("goes on with the file of outcomes") { CHECK(go_on_with_outcomes()); }

TEST_SUITE_END();

TEST_SUITE_BEGIN("hostile");

TEST_CASE("bad arguments give what they give without us, while no policy is in force") { compare(bad_arguments()); }

TEST_CASE("bad arguments give what they give without us, under a published tunnel") {
    const PublishedTunnel tunnel;
    compare(bad_arguments());
}

TEST_CASE("calls on handles that are closed, foreign or never seen give what they give without us") {
    SUBCASE("while no policy is in force") { compare(foreign_handles()); }
    SUBCASE("under a published tunnel") {
        const PublishedTunnel tunnel;
        compare(foreign_handles());
    }
}

TEST_SUITE_END();
