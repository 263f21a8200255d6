#include "core/policy.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

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
        "app \"C:\\Program Files\\a b\\*.exe\" to 10.0.0.0/8,1.2.3.4 except 10.1.0.0/16 port 80,443-445 proto tcp via "
        "12 "
        "source 11.22.33.44 otherwise refuse",
        "proto udp to fd00::/8 via tunnel0 source fd00::2 otherwise keep",
        "through 12",
        "app x.exe through \"OpenVPN TAP\" otherwise keep",
        "through 1689399632855040 otherwise refuse",
        "socks5 127.0.0.1:1080",
        "app x.exe port 443 socks5 [2001:db8::1]:9050 otherwise keep",
        "socks5 10.0.0.1:65535 login work otherwise refuse",
        "socks5 127.0.0.1:9050 owner local-service login a.b_c-d otherwise keep",
        "socks5 127.0.0.1:9050 owner S-1-5-80-1-2-3",
        "in keep",
        "in from 10.0.0.0/8,fd00::/8 except 10.1.0.0/16 port 22,8000-8080 proto tcp app server.exe refuse",
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
        {"through", 8},
        {"through 0", 9},
        {"through Ethernet login x", 18},
        {"socks5", 7},
        {"socks5 proxy.example:1080", 8},
        {"socks5 127.0.0.1", 8},
        {"socks5 127.0.0.1:0", 8},
        {"socks5 127.0.0.1:65536", 8},
        {"socks5 127.0.0.1:01080", 8},
        {"socks5 2001:db8::1:1080", 8},
        {"socks5 [127.0.0.1]:1080", 8},
        {"socks5 [2001:db8::1]", 8},
        {"socks5 []:1080", 8},
        {"socks5 [::ffff:127.0.0.1]:1080", 8},
        {"socks5 0.0.0.0:1080", 8},
        {"socks5 224.0.0.1:1080", 8},
        {"socks5 127.0.0.1:1080 login", 28},
        {"socks5 127.0.0.1:1080 login \"a b\"", 29},
        {"socks5 127.0.0.1:1080 login a login b", 31},
        {"socks5 127.0.0.1:1080 owner Everyone", 29},
        {"socks5 127.0.0.1:1080 owner S-1-x", 29},
        {"socks5 127.0.0.1:1080 otherwise keep otherwise keep", 38},
        {"in", 3},
        {"in to 1.2.3.4 keep", 4},
        {"in via 12 keep", 4},
        {"in proto udp keep", 10},
        {"in source 1.2.3.4", 4},
        {"in through 12", 4},
        {"from 1.2.3.4 keep", 1},
    };
    for (const auto& each : bad) {
        CAPTURE(std::string(each.line));
        const auto parsed = parse_rule(each.line);
        REQUIRE(std::holds_alternative<TextError>(parsed));
        CHECK(std::get<TextError>(parsed).column == each.column);
        CHECK(!std::get<TextError>(parsed).message.empty());
    }
}

TEST_CASE("a line that a newer version wrote refuses what it matches, or matches nothing") {
    const auto taken = [](const char* line) {
        Rule rule;
        Fault fault;
        CAPTURE(std::string(line));
        CHECK(read_rule(line, rule, fault, NewerLines::take));
        CHECK(grammar_of(rule) == policy_grammar + 1);
        // Whoever writes a policy is told.
        CHECK(std::holds_alternative<TextError>(parse_rule(line)));
        return rule;
    };
    Rule expected = support::rule("app x.exe to 1.2.3.0/24 refuse");
    expected.unknown = Unknown::action;
    CHECK(taken("app x.exe to 1.2.3.0/24 teleport Mars otherwise keep") == expected);
    CHECK(taken("app x.exe to 1.2.3.0/24 Socks-6") == expected);
    CHECK(taken("teleport to 300.1.1.1 \"quoted \"\" value\"").unknown == Unknown::action);
    CHECK(taken("in from 10.0.0.0/8 teleport Mars").incoming);
    CHECK(taken("in from 10.0.0.0/8 teleport Mars").verdict == Verdict::refuse);
}

TEST_CASE("what no newer version writes is rejected, whoever reads it") {
    for (const char* const line :
         {"to nowhere teleport", "port 1 port 2 teleport", "app x.exe", "to 10.0.0.0/8, 10.1.0.0/16 keep",
          "to 10.0.0.0/8 10.1.0.0/16 keep", "\"teleport\"", "tele_port Mars", "9lives", "keep forever",
          "source 1.2.3.4 teleport", "source nowhere", "teleport \"Mars", "inn\tkeep\x01", "app x.exe \"in\""}) {
        CAPTURE(std::string(line));
        Rule rule;
        Fault fault;
        CHECK_FALSE(read_rule(line, rule, fault, NewerLines::take));
        CHECK(fault);
    }
}

TEST_CASE("each action has the grammar that it came with") {
    CHECK(grammar_of(support::rule("keep")) == 0);
    CHECK(grammar_of(support::rule("to 10.0.0.0/8 refuse")) == 0);
    CHECK(grammar_of(support::rule("source 1.2.3.4 otherwise refuse")) == 1);
    CHECK(grammar_of(support::rule("through Ethernet")) == 2);
    CHECK(grammar_of(support::rule("socks5 127.0.0.1:1080")) == 2);
    CHECK(grammar_of(support::rule("in keep")) == 2);
}

TEST_CASE("what would leak if it were silently off refuses unless the rule says otherwise") {
    CHECK(support::rule("source 1.2.3.4").otherwise == Otherwise::keep);
    CHECK(support::rule("through Ethernet").otherwise == Otherwise::refuse);
    CHECK(support::rule("socks5 127.0.0.1:1080").otherwise == Otherwise::refuse);
    CHECK(to_string(support::rule("through Ethernet otherwise refuse")) == "through Ethernet");
    CHECK(to_string(support::rule("through Ethernet otherwise keep")) == "through Ethernet otherwise keep");
}

TEST_CASE("a rule for a proxy says what it says") {
    const Rule rule = support::rule("socks5 [2001:db8::1]:1080 otherwise keep owner Local-Service login Work");
    CHECK(rule.verdict == Verdict::socks5);
    CHECK(rule.source == support::address("2001:db8::1"));
    CHECK(rule.proxy_port == 1080);
    CHECK(rule.login == "Work");
    CHECK(rule.owner == "local-service");
    CHECK(rule.otherwise == Otherwise::keep);
    CHECK(to_string(rule) == "socks5 [2001:db8::1]:1080 login Work owner local-service otherwise keep");
}

TEST_CASE("a stored policy keeps its other rules beside a line that a newer version wrote") {
    const std::vector<std::string> lines = {"to 10.0.0.0/8 refuse", "# in a comment", "in from 10.0.0.0/8 refuse",
                                            "app x.exe teleport Mars", "to 1.2.3.4 keep"};
    const StoredRules stored = parse_stored_rules(static_cast<std::uint32_t>(ValueType::lines), stored_rules(lines));
    CHECK(stored.rejected == "");
    REQUIRE(stored.rules.size() == 4);
    const Unknown unknown[] = {Unknown::nothing, Unknown::nothing, Unknown::action, Unknown::nothing};
    for (std::size_t i = 0; i < 4; ++i) CHECK(stored.rules[i].unknown == unknown[i]);
    const StoredRules rejected = parse_stored_rules(static_cast<std::uint32_t>(ValueType::lines),
                                                    stored_rules({"to 10.0.0.0/8 refuse", "to nowhere teleport"}));
    CHECK(rejected.rejected.starts_with("line 2, column 4: "));
    CHECK(rejected.rules.empty());
}

TEST_CASE("rules come all or none, comments and blank lines apart") {
    const auto good = parse_rules({"# a comment", "", "app a.exe keep", "  ", "refuse"});
    REQUIRE(std::holds_alternative<Vector<Rule>>(good));
    CHECK(std::get<Vector<Rule>>(good).size() == 2);
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
            rule.to.push_back(
                {IpAddress::v4(static_cast<std::uint8_t>(pick(256)), 1, 2, 3), static_cast<std::uint8_t>(pick(33))});
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

TEST_CASE("a line with every matcher says what it says") {
    const Rule rule = support::rule(
        "app curl.exe to 10.0.0.0/8,1.2.3.4 except 10.1.0.0/16 port 80,443-445 proto tcp via 12 source 11.22.33.44 "
        "otherwise refuse");
    CHECK(rule.app == "curl.exe");
    CHECK(rule.to == Vector<Prefix>{support::prefix("10.0.0.0/8"), support::prefix("1.2.3.4/32")});
    CHECK(rule.except == Vector<Prefix>{support::prefix("10.1.0.0/16")});
    CHECK(rule.ports == Vector<PortRange>{{80, 80}, {443, 445}});
    CHECK(rule.protocol == Protocol::tcp);
    CHECK(rule.via == InterfaceName{12, ""});
    CHECK(rule.verdict == Verdict::source);
    CHECK(rule.source == support::address("11.22.33.44"));
    CHECK_FALSE(rule.interface_name);
    CHECK(rule.otherwise == Otherwise::refuse);
}

TEST_CASE("matchers come in any order, keywords in any case, between any spaces and tabs") {
    const Rule rule = support::rule("to 10.0.0.0/8 port 80 proto tcp source 1.2.3.4 otherwise refuse");
    for (const char* const line : {"proto tcp port 80 to 10.0.0.0/8 source 1.2.3.4 otherwise refuse",
                                   "PROTO TCP Port 80 TO 10.0.0.0/8 Source 1.2.3.4 OTHERWISE Refuse",
                                   "\t to \t10.0.0.0/8\tport 80   proto tcp source 1.2.3.4 otherwise refuse \t",
                                   "to \"10.0.0.0/8\" port \"80\" proto tcp source \"1.2.3.4\" otherwise refuse"}) {
        CAPTURE(std::string(line));
        CHECK(support::rule(line) == rule);
    }
}

TEST_CASE("quotes keep spaces, a doubled quote is a quote, and a quoted word is no keyword and no number") {
    CHECK(support::rule("app \"C:\\Program Files\\x\\y.exe\" keep").app == "C:\\Program Files\\x\\y.exe");
    CHECK(support::rule("app \"a\"\"b\" keep").app == "a\"b");
    CHECK(support::rule("app \"\"\"\" keep").app == "\"");
    CHECK(support::rule("app to keep").app == "to");
    CHECK(support::rule("app keep keep").app == "keep");
    CHECK(support::rule("via 12 keep").via == InterfaceName{12, ""});
    CHECK(support::rule("via \"12\" keep").via == InterfaceName{0, "12"});
    CHECK(support::rule("via Ethernet keep").via == InterfaceName{0, "Ethernet"});
    CHECK(support::rule("via 12a keep").via == InterfaceName{0, "12a"});
    CHECK(support::rule("via 4294967295 keep").via == InterfaceName{4294967295, ""});
    CHECK(support::rule("via 1689399632855040 keep").via == InterfaceName{0, "", 1689399632855040});
    CHECK(support::rule("via 18446744073709551615 keep").via == InterfaceName{0, "", UINT64_MAX});
    CHECK(support::rule("via \"1689399632855040\" keep").via == InterfaceName{0, "1689399632855040"});
    CHECK(support::rule("source interface 7").interface_name == InterfaceName{7, ""});
    CHECK(support::rule("source INTERFACE \"Local Area Connection 2\"").interface_name ==
          InterfaceName{0, "Local Area Connection 2"});
    CHECK(support::rule("source interface interface").interface_name == InterfaceName{0, "interface"});
}

TEST_CASE("a rejected rule says what was expected and found, and where") {
    const struct {
        const char* line;
        std::size_t column;
        const char* part;  // of the message
    } table[] = {
        {"", 1, "expected an action"},
        {"   ", 4, "expected an action"},
        {"# comment", 1, "expected a matcher"},
        {"to 10.0.0.0/8", 14, "expected an action"},
        {"app x.exe nothing", 11, "found \"nothing\""},
        {"to", 3, "after \"to\""},
        {"app \"\" keep", 5, "nothing in quotes"},
        {"via \"\" keep", 5, "nothing in quotes"},
        {"\"keep\"", 1, "expected a matcher"},
        {"\"to\" 1.2.3.4 keep", 1, "expected a matcher"},
        {"to 10.0.0.0/8, 1.2.3.4 keep", 15, "no spaces around commas"},
        {"to ,1.2.3.4 keep", 4, "no spaces around commas"},
        {"to 10.0.0.0/8,,1.2.3.4 keep", 15, "no spaces around commas"},
        {"to 10.0.0.0/8,nowhere keep", 15, "found \"nowhere\""},
        {"to \"10.0.0.0/8,nowhere\" keep", 16, "found \"nowhere\""},
        {"to \"10.0.0.0/8,no\"\"where\" keep", 16, "expected an address or a prefix"},
        {"to 1.2.3.4,::ffff:1.2.3.4 keep", 12, "v4-mapped"},
        {"port 80,443,99999 keep", 13, "from 0 to 65535"},
        {"port 80,9-8 keep", 9, "from the lower port to the higher"},
        {"except fe80::%12/64 keep", 8, "expected an address or a prefix"},
        {"to ::ffff:10.0.0.0/104 keep", 4, "write 10.0.0.0/8"},
        {"to ::ffff:10.1.2.3 keep", 4, "write 10.1.2.3"},
        // Shorter than the mapped block: IPv4 destinations are meant, but as IPv6 it would not match them.
        {"to ::ffff:0:0/95 keep", 4, "write ::fffe:0:0/95 for IPv6"},
        {"to ::ffff:10.0.0.0/95 keep", 4, "v4-mapped"},
        {"except ::ffff:1.2.3.4/0 keep", 8, "v4-mapped"},
        {"port -1 keep", 6, "from 0 to 65535"},
        {"port 65536 keep", 6, "from 0 to 65535"},
        {"port 080 keep", 6, "from 0 to 65535"},
        {"port 1- keep", 6, "from 0 to 65535"},
        {"port 1-2-3 keep", 6, "from 0 to 65535"},
        {"port 80-70 keep", 6, "from the lower port to the higher"},
        {"proto any keep", 7, "expected tcp, udp or raw"},
        {"via 0 keep", 5, "from 1 to 4294967295"},
        {"via 4294967296 keep", 5, "from 1 to 4294967295"},
        {"via 281474976710655 keep", 5, "or a LUID"},
        {"via 18446744073709551616 keep", 5, "or a LUID"},
        {"via 012 keep", 5, "stands in quotes"},
        {"port 80 port 81 keep", 9, "a second time"},
        {"app a.exe APP b.exe keep", 11, "a second time"},
        {"keep to 1.2.3.4", 6, "matchers stand before the action"},
        {"refuse otherwise keep", 8, "only the actions source, through and socks5 take it"},
        {"keep refuse", 6, "expected the end of the line"},
        {"source", 7, "expected an address"},
        {"source somewhere", 8, "expected an address"},
        {"source 1.2.3.0/24", 8, "expected an address"},
        {"source \"interface\" 7", 8, "expected an address"},
        {"source interface", 17, "an interface's index or name"},
        {"source 255.255.255.255", 8, "the limited broadcast address"},
        {"source ::", 8, "an unspecified address"},
        {"source 0.1.2.3", 8, "a reserved address"},
        {"source 240.0.0.1", 8, "a reserved address"},
        {"source ff02::1", 8, "a multicast address"},
        {"source ::ffff:1.2.3.4", 8, "write 1.2.3.4"},
        {"source 1.2.3.4 otherwise", 25, "expected keep or refuse"},
        {"source 1.2.3.4 otherwise source", 26, "expected keep or refuse"},
        {"source 1.2.3.4 otherwise keep keep", 31, "expected the end of the line"},
        {"source 1.2.3.4 5.6.7.8", 16, "expected the end of the line"},
        {"app a\"b keep", 5, "double the quotes"},
        {"app \"a\"b keep", 5, "after the closing quote"},
        {"app \"a keep", 5, "expected a closing quote"},
        {"app \"a\tb\" keep", 7, "a tab"},
        {"app a\x01 keep", 6, "control character"},
        {"keep\r", 5, "control character"},
        {"keep\n", 5, "control character"},
        {"app \x7F keep", 5, "control character"},
        {"app \xC2\x9B keep", 5, "control character"},
        {"app \xFF keep", 5, "UTF-8"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.line));
        const auto parsed = parse_rule(row.line);
        const auto* const error = std::get_if<TextError>(&parsed);
        REQUIRE(error != nullptr);
        CAPTURE(error->message);
        CHECK(error->line == 0);
        CHECK(error->column == row.column);
        CHECK(error->message.find(row.part) != std::string::npos);
    }
    CHECK(std::holds_alternative<TextError>(parse_rule(std::string_view("keep\0", 5))));
    CHECK(std::holds_alternative<TextError>(parse_rule(std::string_view("\0keep", 5))));
}

TEST_CASE("a line has at most 4096 bytes, a list at most 1024 values") {
    const auto accepted = [](const std::string& line) { return std::holds_alternative<Rule>(parse_rule(line)); };
    CHECK(accepted("app " + std::string(longest_rule - 9, 'x') + " keep"));
    CHECK_FALSE(accepted("app " + std::string(longest_rule - 8, 'x') + " keep"));
    CHECK_FALSE(accepted(std::string(10'000'000, 'x')));
    const auto list = [](std::size_t count, const std::string& item) {
        std::string text = item;
        for (std::size_t i = 1; i < count; ++i) text += ',' + item;
        return text;
    };
    CHECK(accepted("to " + list(longest_list, "::") + " keep"));
    CHECK_FALSE(accepted("to " + list(longest_list + 1, "::") + " keep"));
    CHECK(accepted("port " + list(longest_list, "1") + " keep"));
    CHECK_FALSE(accepted("port " + list(longest_list + 1, "1") + " keep"));
}

TEST_CASE("a rule that would be longer than 4096 bytes in print is rejected, though its line is not") {
    const auto line = [](std::size_t count) {
        std::string text = "to 1:2::4:5:6:7:8";  // printed as 1:2:0:4:5:6:7:8
        for (std::size_t i = 1; i < count; ++i) text += ",1:2::4:5:6:7:8";
        return text + " keep";
    };
    const std::size_t longest = (longest_rule - 7) / 16;
    const auto fits = parse_rule(line(longest));
    REQUIRE(std::holds_alternative<Rule>(fits));
    CHECK(to_string(std::get<Rule>(fits)).size() <= longest_rule);
    const auto too_long = parse_rule(line(longest + 1));
    REQUIRE(line(longest + 1).size() < longest_rule);
    REQUIRE(std::holds_alternative<TextError>(too_long));
    CHECK(std::get<TextError>(too_long).message.find("in canonical form") != std::string::npos);
}

TEST_CASE("a message repeats no long value") {
    const auto parsed = parse_rule("to " + std::string(2000, 'x') + " keep");
    REQUIRE(std::holds_alternative<TextError>(parsed));
    CHECK(std::get<TextError>(parsed).message.size() < 200);
}

TEST_CASE("a rule that the system has resolved prints the names that the administrator wrote") {
    Rule rule = support::rule("via Tunnel source interface Ethernet");
    rule.via.index = 12;
    rule.interface_name.index = 7;
    rule.source = support::address("11.22.33.44");
    CHECK(to_string(rule) == "via Tunnel source interface Ethernet");
}

TEST_CASE("random rules of every shape survive printing and reading") {
    support::Random random(20261122);
    const auto name = [&random]() -> std::string {
        static constexpr std::string_view letters = "abcXYZ019 \"*\\/.,#:=-";
        static const std::string whole[] = {"to", "keep", "interface", "12", "0", "#", "\"", " ", "caf\xC3\xA9"};
        if (random.chance(30)) return random.one_of(whole);
        std::string text;
        for (std::uint64_t n = 1 + random.below(12); n > 0; --n) text += random.one_of(letters);
        return text;
    };
    const auto named_interface = [&]() -> InterfaceName {
        if (random.chance(50)) return {static_cast<std::uint32_t>(1 + random.below(UINT32_MAX)), ""};
        if (random.chance(20)) return {0, "", (std::uint64_t{1} << 48) + random.below(UINT32_MAX)};
        return {0, name()};
    };
    const auto prefixes = [&random](Vector<Prefix>& list) {
        for (std::uint64_t n = random.below(5); n > 0; --n) {
            const IpAddress address = random.host_address(random.chance(50) ? Family::ipv4 : Family::ipv6);
            list.push_back({address, static_cast<std::uint8_t>(random.below(address.bit_length() + 1))});
        }
    };
    for (int i = 0; i < 5000; ++i) {
        Rule rule;
        if (random.chance(50)) rule.app = name();
        prefixes(rule.to);
        prefixes(rule.except);
        for (std::uint64_t n = random.below(4); n > 0; --n) {
            const auto last = static_cast<std::uint16_t>(random.below(65536));
            rule.ports.push_back({static_cast<std::uint16_t>(random.below(last + 1U)), last});
        }
        rule.protocol = random.one_of(std::array{Protocol::any, Protocol::tcp, Protocol::udp, Protocol::raw});
        if (random.chance(50)) rule.via = named_interface();
        rule.verdict = random.one_of(
            std::array{Verdict::keep, Verdict::source, Verdict::refuse, Verdict::through, Verdict::socks5});
        if (rule.verdict == Verdict::through) {
            rule.interface_name = named_interface();
            rule.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        } else if (rule.verdict == Verdict::socks5) {
            rule.source = random.host_address(random.chance(50) ? Family::ipv4 : Family::ipv6);
            rule.proxy_port = static_cast<std::uint16_t>(1 + random.below(65535));
            if (random.chance(50)) rule.login = "work-1";
            if (random.chance(50)) rule.owner = "network-service";
            rule.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        } else if (rule.verdict == Verdict::source) {
            if (random.chance(50)) {
                rule.source = random.host_address(random.chance(50) ? Family::ipv4 : Family::ipv6);
            } else {
                rule.interface_name = named_interface();
            }
            rule.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        }
        const std::string text = to_string(rule);
        CAPTURE(text);
        const auto parsed = parse_rule(text);
        REQUIRE(std::holds_alternative<Rule>(parsed));
        CHECK(std::get<Rule>(parsed) == rule);
        CHECK(to_string(std::get<Rule>(parsed)) == text);
    }
}

namespace {

// Texts of rules, valid more often than not, in forms that the printer would not choose, up to the limits. One random
// choice a statement: the order in which operands and arguments are evaluated is the compiler's.
class RuleTexts {
  public:
    explicit RuleTexts(std::uint64_t seed) : random_(seed) {}

    std::string next() {
        line_.clear();
        if (random_.chance(30)) value("app", random_.one_of(apps));
        if (random_.chance(30)) value("proto", random_.one_of(protocols));
        if (random_.chance(30)) value("via", random_.one_of(interfaces));
        if (random_.chance(30)) list("port", &RuleTexts::port);
        if (random_.chance(30)) list("except", &RuleTexts::prefix);
        std::string action(random_.one_of(actions));
        if (random_.chance(20)) action = "source " + prefix();
        if (random_.chance(50)) {
            list("to", &RuleTexts::prefix);
        } else {
            long_list(longest_rule - 1 - action.size());
        }
        return line_ + action;
    }

  private:
    // '#' is a digit. "::" for one zero group is printed as that group, one byte longer.
    static constexpr std::string_view templates[] = {
        "#:#::#:#:#:#:#", "1::2:3:4:5:6:7",      "::2:3:4:5:6:7:8", "::",           "::#",
        "#::/16",         "::#:0:0/95",          "10.#.0.0/8",      "1.2.3.4/32",   "::/0",
        "#:0:0:#::#",     "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4",       "::ffff:0:0/#", "::ffff:#.0.0.0/9",
        "1:2::4:5:6:7:8"};
    static constexpr std::string_view apps[] = {"a.exe", "\"a \"\"b\"\" \\*.exe\"", "to", "\"b.exe\""};
    static constexpr std::string_view protocols[] = {"tcp", "UDP", "\"raw\""};
    static constexpr std::string_view interfaces[] = {"12", "\"12\"", "\"a b\"", "Ethernet", "\"to\"", "to"};
    static constexpr std::string_view actions[] = {"keep",
                                                   "REFUSE",
                                                   "source 1.2.3.4 otherwise keep",
                                                   "source interface \"12\" otherwise refuse",
                                                   "source interface Ethernet",
                                                   "source 1:2::4:5:6:7:8"};

    using Item = std::string (RuleTexts::*)();

    void blank() { line_ += random_.chance(80) ? " " : " \t "; }

    void value(std::string_view keyword, std::string_view text) {
        line_ += keyword;
        if (random_.chance(20)) line_[line_.size() - keyword.size()] -= 'a' - 'A';
        blank();
        line_ += text;
        blank();
    }

    void list(std::string_view keyword, Item item) {
        std::string text = (this->*item)();
        for (std::uint64_t more = random_.below(5); more > 0; --more) text += ',' + (this->*item)();
        value(keyword, text);
    }

    // As much as `room` allows, of one template half the time: so that what is longer in print is too long in print.
    void long_list(std::size_t room) {
        only_ = random_.chance(50) ? random_.one_of(templates) : std::string_view();
        const Item item = random_.chance(80) ? &RuleTexts::prefix : &RuleTexts::port;
        line_ += item == &RuleTexts::prefix ? "to " : "port ";
        for (;;) {
            const std::string text = (this->*item)();
            if (line_.size() + text.size() + 1 > room) break;
            line_ += text;
            line_ += ',';
        }
        line_.back() = ' ';
        only_ = {};
        if (random_.chance(50)) line_.append(room + 1 - line_.size(), ' ');  // exactly to the limit
    }

    std::string prefix() {
        const std::string_view form = only_.empty() ? random_.one_of(templates) : only_;
        std::string text;
        for (const char c : form) text += c == '#' ? static_cast<char>('1' + random_.below(9)) : c;
        return text;
    }

    std::string port() {
        const std::uint64_t first = random_.below(65536);
        std::string text = std::to_string(first);
        if (random_.chance(50)) text += '-' + std::to_string(first + random_.below(65536 - first));
        return text;
    }

    support::Random random_;
    std::string line_;
    std::string_view only_;
};

}  // namespace

TEST_CASE("whatever parses is printed as something that parses to the same and prints the same, at every limit, too") {
    RuleTexts texts(20261124);
    int good = 0;
    int at_the_limit = 0;
    for (int i = 0; i < 6000; ++i) {
        const std::string line = texts.next();
        CAPTURE(line);
        const auto parsed = parse_rule(line);
        if (std::holds_alternative<TextError>(parsed)) continue;
        ++good;
        const Rule& rule = std::get<Rule>(parsed);
        const std::string printed = to_string(rule);
        if (line.size() == longest_rule || printed.size() == longest_rule) ++at_the_limit;
        const auto again = parse_rule(printed);
        const auto* const error = std::get_if<TextError>(&again);
        CAPTURE(error == nullptr ? std::string() : error->message);
        REQUIRE(error == nullptr);
        CHECK(std::get<Rule>(again) == rule);
        CHECK(to_string(std::get<Rule>(again)) == printed);
    }
    CHECK(good > 1500);
    CHECK(at_the_limit > 100);
}

TEST_CASE("the policy of several tunnels keeps all their subnets, without host bits") {
    Tunnel first;
    first.name = "a";
    first.interface_index = 12;
    first.address4 = support::prefix("10.8.0.2/24");
    first.source4 = support::address("11.22.33.44");
    Tunnel second = first;
    second.name = "b";
    second.interface_index = 13;
    second.address4 = {};
    second.source4 = {};
    second.address6 = support::prefix("fd00:8::2/64");
    second.source6 = support::address("2001:db8::44");
    const Policy policy = build_policy({}, std::vector{first, second});
    CHECK(policy.own_subnets == Vector<Prefix>{support::prefix("10.8.0.0/24"), support::prefix("fd00:8::/64")});
    REQUIRE(policy.rules.size() == 2);
    CHECK(to_string(policy.rules[0]) == "except 10.8.0.0/24 via 12 source 11.22.33.44");
    CHECK(to_string(policy.rules[1]) == "except fd00:8::/64 via 13 source 2001:db8::44");
    CHECK(build_policy({}, {}).empty());
}

TEST_SUITE_END();
