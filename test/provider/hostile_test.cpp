// What bad calls give with our DLL in the chain, beside what they gave without it. The latter is a file that the suite
// "without" writes before the DLL is installed; TEST_OUTCOMES_WITHOUT names both.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "fixture.hpp"
#include "hostile_calls.hpp"

using namespace test;

namespace {

const char* outcomes_file() {
    const char* const path = std::getenv("TEST_OUTCOMES_WITHOUT");
    REQUIRE(path != nullptr);
    return path;
}

std::map<std::string, std::string> outcomes_without_us() {
    std::ifstream file(outcomes_file(), std::ios::binary);
    std::map<std::string, std::string> outcomes;
    for (std::string line; std::getline(file, line);) {
        const std::size_t tab = line.find('\t');
        REQUIRE(tab != std::string::npos);
        outcomes[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return outcomes;
}

bool is_fault(const std::string& outcome) { return outcome.starts_with("fault"); }

// Where Wine itself faults there is nothing to be equal to, but the fault must not be ours.
bool is_as_without_us(const std::string& with, const std::string& without) {
    if (with == "fault in winsock-lsp.dll") return false;
    return with == without || (is_fault(with) && is_fault(without));
}

void compare(const Outcomes& outcomes) {
    const std::map<std::string, std::string> without = outcomes_without_us();
    std::size_t faults = 0;
    for (const auto& [situation, outcome] : outcomes) {
        const auto found = without.find(situation);
        REQUIRE_MESSAGE(found != without.end(), situation);
        if (is_fault(found->second)) ++faults;
        if (!is_as_without_us(outcome, found->second)) {
            FAIL_CHECK(situation << ": " << outcome << ", without us " << found->second);
        }
    }
    CHECK(outcomes.size() > 300);
    MESSAGE(outcomes.size(), " situations, in ", faults, " of which Wine faults without us");
}

}  // namespace

TEST_SUITE_BEGIN("without");

TEST_CASE("bad calls give the same each time without us, which is what they are to give with us") {
    std::ofstream file(outcomes_file(), std::ios::binary);
    for (const Outcomes& outcomes : {outcomes_of_bad_arguments(), outcomes_on_foreign_handles()}) {
        for (const auto& [situation, outcome] : outcomes) file << situation << '\t' << outcome << '\n';
    }
    file.close();
    CHECK(file.good());
    compare(outcomes_of_bad_arguments());
    compare(outcomes_on_foreign_handles());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("hostile");

TEST_CASE("bad arguments give what they give without us, while no policy is in force") {
    compare(outcomes_of_bad_arguments());
}

TEST_CASE("bad arguments give what they give without us, under a published tunnel") {
    const PublishedTunnel tunnel;
    compare(outcomes_of_bad_arguments());
}

TEST_CASE("calls on handles that are closed, foreign or never seen give what they give without us") {
    SUBCASE("while no policy is in force") { compare(outcomes_on_foreign_handles()); }
    SUBCASE("under a published tunnel") {
        const PublishedTunnel tunnel;
        compare(outcomes_on_foreign_handles());
    }
}

TEST_SUITE_END();
