#include "core/policy.hpp"

#include <doctest/doctest.h>

#include <random>

#include "support.hpp"

using namespace lsp;

TEST_SUITE_BEGIN("policy");

TEST_CASE("a rule that is printed is read back the same") {
    const char* const lines[] = {
        "keep",
        "refuse",
        "source 11.22.33.44",
        "source fd00::1",
        "source interface 7 otherwise refuse",
        "source interface \"Local Area Connection\"",
        "app curl.exe refuse",
        "app \"C:\\Program Files\\a b\\*.exe\" to 10.0.0.0/8,1.2.3.4 except 10.1.0.0/16 port 80,443-445 proto tcp via 12 "
        "source 11.22.33.44 otherwise refuse",
        "proto udp to fd00::/8 via tunnel0 source fd00::2 otherwise keep",
    };
    for (const char* const line : lines) {
        CAPTURE(std::string(line));
        const auto parsed = parse_rule(line);
        REQUIRE(std::holds_alternative<Rule>(parsed));
        const auto again = parse_rule(to_string(std::get<Rule>(parsed)));
        REQUIRE(std::holds_alternative<Rule>(again));
        CHECK(std::get<Rule>(again) == std::get<Rule>(parsed));
    }
}

TEST_CASE("what is wrong with a rule is told with its column") {
    struct {
        const char* line;
        std::size_t column;
    } const bad[] = {
        {"", 1},
        {"nonsense", 1},
        {"app", 4},
        {"to 300.1.1.1 keep", 4},
        {"to 1.2.3.4/33 keep", 4},
        {"port 99999 keep", 6},
        {"port 10-5 keep", 6},
        {"proto icmp keep", 7},
        {"keep keep", 6},
        {"source 224.0.0.1", 8},
        {"source 0.0.0.0", 8},
        {"keep otherwise keep", 6},
        {"to 1.2.3.4 to 1.2.3.5 keep", 12},
        {"source 1.2.3.4 otherwise perhaps", 26},
    };
    for (const auto& each : bad) {
        CAPTURE(std::string(each.line));
        const auto parsed = parse_rule(each.line);
        REQUIRE(std::holds_alternative<TextError>(parsed));
        CHECK(std::get<TextError>(parsed).column == each.column);
        CHECK(!std::get<TextError>(parsed).message.empty());
    }
}

TEST_CASE("rules come all or none, comments and blank lines apart") {
    const auto good = parse_rules({"# a comment", "", "app a.exe keep", "  ", "refuse"});
    REQUIRE(std::holds_alternative<std::vector<Rule>>(good));
    CHECK(std::get<std::vector<Rule>>(good).size() == 2);
    const auto bad = parse_rules({"keep", "# fine", "to nowhere keep"});
    REQUIRE(std::holds_alternative<TextError>(bad));
    CHECK(std::get<TextError>(bad).line == 3);
    CHECK(std::get<TextError>(bad).column == 4);
}

TEST_CASE("random rules survive printing and reading") {
    std::mt19937 random(20261121);
    const auto pick = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (int i = 0; i < 2000; ++i) {
        Rule rule;
        if (pick(2) != 0) rule.app = pick(2) != 0 ? "a b\"c.exe" : "*\\node.exe";
        for (unsigned n = pick(3); n > 0; --n) {
            rule.to.push_back({IpAddress::v4(static_cast<std::uint8_t>(pick(256)), 1, 2, 3),
                               static_cast<std::uint8_t>(pick(33))});
        }
        for (unsigned n = pick(3); n > 0; --n) {
            const auto first = static_cast<std::uint16_t>(pick(60000));
            rule.ports.push_back({first, static_cast<std::uint16_t>(first + pick(5000))});
        }
        const Protocol protocols[] = {Protocol::any, Protocol::tcp, Protocol::udp, Protocol::raw};
        rule.protocol = protocols[pick(4)];
        if (pick(2) != 0) rule.via.index = 1 + pick(100);
        const Verdict verdicts[] = {Verdict::keep, Verdict::source, Verdict::refuse};
        rule.verdict = verdicts[pick(3)];
        if (rule.verdict == Verdict::source) {
            rule.source = IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(1 + pick(200)));
            rule.otherwise = pick(2) != 0 ? Otherwise::keep : Otherwise::refuse;
        }
        const std::string text = to_string(rule);
        CAPTURE(text);
        const auto parsed = parse_rule(text);
        REQUIRE(std::holds_alternative<Rule>(parsed));
        // An index is also kept as the text it was written as.
        Rule back = std::get<Rule>(parsed);
        back.via.text.clear();
        rule.via.text.clear();
        CHECK(back == rule);
    }
}

TEST_SUITE_END();
