#include "core/decide.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "core/policy_index.hpp"
#include "support.hpp"

using lsp::Decision;
using lsp::IpAddress;
using lsp::Otherwise;
using lsp::Policy;
using lsp::Protocol;
using lsp::Reason;
using lsp::Route;
using lsp::Verdict;
using support::address;
using support::prefix;
using support::rule;

namespace {

constexpr std::uint32_t tunnel_index = 12;
constexpr std::uint32_t physical_index = 7;

const char* const browser = "C:\\Program Files\\Browser\\Browser.exe";

Policy policy_of(const std::vector<const char*>& rules, const std::vector<const char*>& own_subnets = {}) {
    Policy policy;
    for (const char* const text : rules) policy.rules.push_back(rule(text));
    for (const char* const text : own_subnets) policy.own_subnets.push_back(prefix(text));
    return policy;
}

// A flow; what a test does not care about has a usual value.
struct Flow {
    const char* process = browser;
    Protocol protocol = Protocol::tcp;
    const char* destination = "8.8.8.8";
    std::uint16_t port = 443;
    Route route = {tunnel_index, IpAddress::v4(10, 8, 0, 2)};
};

Decision decide(const Policy& policy, const Flow& flow) {
    return lsp::decide(policy, flow.process, flow.protocol, address(flow.destination), flow.port, flow.route);
}

bool matches(const char* rule_text, const Flow& flow) {
    const Decision decision = decide(policy_of({rule_text}), flow);
    REQUIRE((decision.rule == 0) == (decision.reason == Reason::rule));
    return decision.rule == 0;
}

}  // namespace

TEST_CASE("some destinations are always kept, whatever the rules say") {
    const struct {
        const char* destination;
        Reason reason;  // no_rule: not always kept
    } table[] = {
        {"0.0.0.0", Reason::unspecified},
        {"::", Reason::unspecified},
        {"::ffff:0.0.0.0", Reason::unspecified},
        {"127.0.0.1", Reason::loopback},
        {"127.255.255.255", Reason::loopback},
        {"::1", Reason::loopback},
        {"::ffff:127.0.0.1", Reason::loopback},
        {"224.0.0.251", Reason::multicast},
        {"239.255.255.250", Reason::multicast},
        {"ff02::fb", Reason::multicast},
        {"::ffff:224.0.0.251", Reason::multicast},
        {"255.255.255.255", Reason::broadcast},
        {"::ffff:255.255.255.255", Reason::broadcast},
        {"169.254.1.1", Reason::link_local},
        {"::ffff:169.254.1.1", Reason::link_local},
        {"fe80::1", Reason::link_local},
        // Own subnets: 10.8.0.2/24 with host bits, a /31, a /32, a /30 and an IPv6 one.
        {"10.8.0.1", Reason::tunnel_subnet},
        {"10.8.0.2", Reason::tunnel_subnet},
        {"10.8.0.0", Reason::tunnel_subnet},
        {"10.8.0.254", Reason::tunnel_subnet},
        {"10.8.0.255", Reason::broadcast},
        {"::ffff:10.8.0.1", Reason::tunnel_subnet},
        {"::ffff:10.8.0.255", Reason::broadcast},
        {"10.9.0.0", Reason::tunnel_subnet},
        {"10.9.0.1", Reason::tunnel_subnet},  // the upper address of a /31 is a host (RFC 3021)
        {"10.9.0.2", Reason::no_rule},
        {"10.10.0.255", Reason::tunnel_subnet},  // a /32 has no broadcast
        {"10.10.0.254", Reason::no_rule},
        {"10.11.0.7", Reason::broadcast},
        {"10.11.0.8", Reason::no_rule},
        {"10.12.3.255", Reason::broadcast},  // of the inner of two nested subnets, whichever comes first
        {"10.12.255.255", Reason::broadcast},
        {"10.13.3.255", Reason::broadcast},
        {"10.13.255.255", Reason::broadcast},
        {"10.12.3.254", Reason::tunnel_subnet},
        {"10.12.4.255", Reason::tunnel_subnet},
        {"fd00:8::ffff", Reason::tunnel_subnet},
        {"fd00:8:0:1::", Reason::no_rule},
        {"10.8.1.0", Reason::no_rule},
        {"10.7.255.255", Reason::no_rule},
        {"8.8.8.8", Reason::no_rule},
        {"255.255.255.254", Reason::no_rule},
        {"2001:db8::1", Reason::no_rule},
        {"::ffff:8.8.8.8", Reason::no_rule},
        {"fec0::1", Reason::no_rule},
    };
    const Policy policy =
        policy_of({"refuse"}, {"10.8.0.2/24", "10.9.0.1/31", "10.10.0.255/32", "10.11.0.6/30", "10.12.0.2/16",
                               "10.12.3.2/24", "10.13.3.2/24", "10.13.0.2/16", "fd00:8::2/64"});
    for (const auto& row : table) {
        CAPTURE(row.destination);
        Flow flow;
        flow.destination = row.destination;
        const Decision decision = decide(policy, flow);
        Reason reason = Reason::no_rule;
        if (row.reason == Reason::no_rule) {
            CHECK_FALSE(lsp::always_kept(policy, Protocol::tcp, address(row.destination), 443, reason));
            CHECK(decision.verdict == Verdict::refuse);
            CHECK(decision.reason == Reason::rule);
        } else {
            CHECK(lsp::always_kept(policy, Protocol::tcp, address(row.destination), 443, reason));
            CHECK(reason == row.reason);
            CHECK(decision.verdict == Verdict::keep);
            CHECK(decision.reason == row.reason);
            CHECK(decision.rule == -1);
        }
    }
}

TEST_CASE("no address at all is kept") {
    const Decision decision = lsp::decide(policy_of({"refuse"}), browser, Protocol::tcp, IpAddress{}, 80, {});
    CHECK(decision.verdict == Verdict::keep);
    CHECK(decision.reason == Reason::unspecified);
}

TEST_CASE("without a matching rule the flow is kept") {
    for (const Policy& policy : {Policy{}, policy_of({"port 1 refuse", "proto udp source 1.2.3.4"})}) {
        const Decision decision = decide(policy, {});
        CHECK(decision.verdict == Verdict::keep);
        CHECK(decision.reason == Reason::no_rule);
        CHECK(decision.rule == -1);
        CHECK_FALSE(decision.source);
    }
}

TEST_CASE("each matcher lets through what it names and nothing else") {
    const struct {
        const char* rule;
        Flow flow;
        bool match;
    } table[] = {
        {"refuse", {}, true},
        // proto
        {"proto tcp refuse", {.protocol = Protocol::tcp}, true},
        {"proto tcp refuse", {.protocol = Protocol::udp}, false},
        {"proto udp refuse", {.protocol = Protocol::udp}, true},
        {"proto raw refuse", {.protocol = Protocol::raw}, true},
        {"proto raw refuse", {.protocol = Protocol::tcp}, false},
        {"proto tcp refuse", {.protocol = Protocol::any}, false},
        {"refuse", {.protocol = Protocol::any}, true},
        // port
        {"port 443 refuse", {.port = 443}, true},
        {"port 443 refuse", {.port = 442}, false},
        {"port 443 refuse", {.port = 444}, false},
        {"port 80,440-445 refuse", {.port = 440}, true},
        {"port 80,440-445 refuse", {.port = 445}, true},
        {"port 80,440-445 refuse", {.port = 446}, false},
        {"port 80,440-445 refuse", {.port = 80}, true},
        {"port 0 refuse", {.port = 0}, true},
        {"port 65535 refuse", {.port = 65535}, true},
        {"port 0-65535 refuse", {.port = 65535}, true},
        // to, except
        {"to 8.0.0.0/8 refuse", {}, true},
        {"to 9.0.0.0/8 refuse", {}, false},
        {"to 9.0.0.0/8,8.8.8.8 refuse", {}, true},
        {"to 8.0.0.0/8 except 8.8.0.0/16 refuse", {}, false},
        {"to 8.0.0.0/8 except 8.9.0.0/16 refuse", {}, true},
        {"except 8.8.8.8 refuse", {}, false},
        {"except 8.8.8.9,8.8.8.7 refuse", {}, true},
        {"to ::/0 refuse", {}, false},
        {"to ::/0 refuse", {.destination = "2001:db8::1"}, true},
        {"to 0.0.0.0/0 refuse", {.destination = "2001:db8::1"}, false},
        {"to 0.0.0.0/0,::/0 refuse", {.destination = "2001:db8::1"}, true},
        {"to 2001:db8::/32 except 2001:db8::/64 refuse", {.destination = "2001:db8::1"}, false},
        // a v4-mapped destination is an IPv4 one
        {"to 8.0.0.0/8 refuse", {.destination = "::ffff:8.8.8.8"}, true},
        {"to ::/0 refuse", {.destination = "::ffff:8.8.8.8"}, false},
        {"except 8.0.0.0/8 refuse", {.destination = "::ffff:8.8.8.8"}, false},
        // via
        {"via 12 refuse", {}, true},
        {"via 13 refuse", {}, false},
        {"via 12 refuse", {.route = {}}, false},
        {"via Ethernet refuse", {}, false},             // not resolved
        {"via Ethernet refuse", {.route = {}}, false},  // index 0 is no interface
        // all together
        {"app browser.exe to 8.8.8.8 except 9.9.9.9 port 443 proto tcp via 12 refuse", {}, true},
        {"app browser.exe to 8.8.8.8 except 9.9.9.9 port 443 proto tcp via 12 refuse", {.port = 80}, false},
        {"app other.exe to 8.8.8.8 except 9.9.9.9 port 443 proto tcp via 12 refuse", {}, false},
    };
    for (const auto& row : table) {
        CAPTURE(row.rule);
        CAPTURE(row.flow.destination);
        CAPTURE(row.flow.port);
        CHECK(matches(row.rule, row.flow) == row.match);
    }
}

TEST_CASE("app matches the base name, or the whole path once it has a separator") {
    const struct {
        const char* app;
        const char* process;
        bool match;
    } table[] = {
        {"curl.exe", "C:\\tools\\curl.exe", true},
        {"CURL.EXE", "c:\\tools\\curl.exe", true},
        {"curl.exe", "curl.exe", true},
        {"curl.exe", "C:/tools/curl.exe", true},
        {"curl.exe", "C:\\tools\\mycurl.exe", false},
        {"curl.exe", "C:\\curl.exe\\other.exe", false},
        {"curl.exe", "C:\\tools\\curl.exe.bak", false},
        {"curl", "C:\\tools\\curl.exe", false},
        {"curl*", "C:\\tools\\curl.exe", true},
        {"curl*", "C:\\curl\\other.exe", false},
        {"*.exe", "C:\\tools\\curl.exe", true},
        {"*", "C:\\tools\\curl.exe", true},
        {"**", "C:\\tools\\curl.exe", true},
        {"*", "", false},
        {"c*l*.exe", "C:\\tools\\curl.exe", true},
        {"*c*u*r*l*", "C:\\tools\\curl.exe", true},
        {"*c*x*r*l*", "C:\\tools\\curl.exe", false},
        {"a*a*b", "aaab", true},  // goes back to the last star
        {"a*ab*b", "aababab", true},
        {"a*ab", "aabaa", false},
        {"cur?.exe", "C:\\tools\\curl.exe", false},  // '?' is itself
        {"C:\\tools\\curl.exe", "C:\\tools\\curl.exe", true},
        {"C:/TOOLS/curl.exe", "c:\\Tools\\Curl.exe", true},
        {"C:\\tools\\curl.exe", "C:/tools/curl.exe", true},
        {"C:\\tools\\curl.exe", "D:\\tools\\curl.exe", false},
        {"C:\\tools\\*", "C:\\tools\\deep\\curl.exe", true},
        {"C:\\tools\\*", "C:\\tools2\\curl.exe", false},
        {"*\\tools\\*", "C:\\tools\\curl.exe", true},
        {"*/curl.exe", "C:\\tools\\curl.exe", true},
        {"\\curl.exe", "C:\\tools\\curl.exe", false},
        {"\\\\server\\share\\a.exe", "//server/share/a.exe", true},
        {"caf\xC3\xA9.exe", "C:\\caf\xC3\xA9.exe", true},
        {"caf\xC3\x89.exe", "C:\\caf\xC3\xA9.exe", false},  // only A-Z fold
        {"curl.exe", "", false},
        {"curl.exe", "C:\\tools\\", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.app);
        CAPTURE(row.process);
        Flow flow;
        flow.process = row.process;
        CHECK(matches((std::string("app \"") + row.app + "\" refuse").c_str(), flow) == row.match);
    }
    Flow unknown;
    unknown.process = "";
    CHECK(matches("refuse", unknown));
}

TEST_CASE("a hostile pattern does not cost more than pattern times path") {
    std::string pattern;
    while (pattern.size() < 400) pattern += "*a";
    Policy policy;
    policy.rules.emplace_back();
    policy.rules[0].app = pattern + "b";
    policy.rules[0].verdict = Verdict::refuse;
    const std::string process(30000, 'a');
    CHECK(lsp::decide(policy, process, Protocol::tcp, address("8.8.8.8"), 1, {}).reason == Reason::no_rule);
}

TEST_CASE("the first matching rule wins") {
    const Policy policy = policy_of({
        "proto udp refuse",
        "to 8.8.8.8 port 53 keep",
        "to 8.0.0.0/8 source 11.22.33.44",
        "source 55.66.77.88",
        "refuse",
    });
    const struct {
        Flow flow;
        std::int32_t rule;
        Verdict verdict;
        const char* source;
    } table[] = {
        {{.protocol = Protocol::udp}, 0, Verdict::refuse, nullptr},
        {{.port = 53}, 1, Verdict::keep, nullptr},
        {{}, 2, Verdict::source, "11.22.33.44"},
        {{.destination = "9.9.9.9"}, 3, Verdict::source, "55.66.77.88"},
        {{.destination = "2001:db8::1"}, 4, Verdict::refuse, nullptr},  // no source of its family before
    };
    for (const auto& row : table) {
        const Decision decision = decide(policy, row.flow);
        CHECK(decision.rule == row.rule);
        CHECK(decision.verdict == row.verdict);
        CHECK(decision.reason == Reason::rule);
        CHECK(decision.source == (row.source == nullptr ? IpAddress{} : address(row.source)));
    }
}

TEST_CASE("a source rule matches only destinations of its source's family, and the source is unmapped") {
    const struct {
        const char* rule;
        const char* destination;
        const char* source;  // null: no match
    } table[] = {
        {"source 11.22.33.44", "8.8.8.8", "11.22.33.44"},  {"source 11.22.33.44", "::ffff:8.8.8.8", "11.22.33.44"},
        {"source 11.22.33.44", "2001:db8::1", nullptr},    {"source 2001:db8::44", "2001:db8::1", "2001:db8::44"},
        {"source 2001:db8::44", "8.8.8.8", nullptr},       {"source 2001:db8::44", "::ffff:8.8.8.8", nullptr},
        {"source interface Ethernet", "8.8.8.8", nullptr},  // not resolved
        {"source interface 7", "2001:db8::1", nullptr},
    };
    for (const auto& row : table) {
        CAPTURE(row.rule);
        CAPTURE(row.destination);
        Flow flow;
        flow.destination = row.destination;
        const Decision decision = decide(policy_of({row.rule}), flow);
        CHECK(decision.verdict == (row.source == nullptr ? Verdict::keep : Verdict::source));
        CHECK(decision.reason == (row.source == nullptr ? Reason::no_rule : Reason::rule));
        CHECK(decision.source == (row.source == nullptr ? IpAddress{} : address(row.source)));
    }
}

TEST_CASE("a resolved `source interface` rule gives the address that was found") {
    Policy policy = policy_of({"source interface Ethernet otherwise refuse"});
    policy.rules[0].interface_name.index = physical_index;
    policy.rules[0].source = address("11.22.33.44");
    const Decision decision = decide(policy, {});
    CHECK(decision.verdict == Verdict::source);
    CHECK(decision.source == address("11.22.33.44"));
    CHECK(decision.otherwise == Otherwise::refuse);
    CHECK(decision.pin_interface == 0);
}

TEST_CASE("a `source interface` rule without an address of the destination's family refuses if it says so") {
    const struct {
        const char* rule;
        const char* address;  // the interface's; null: none, or no such interface
        const char* destination;
        Verdict verdict;
        Reason reason;
    } table[] = {
        {"source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::refuse, Reason::no_source},
        {"source interface Tap otherwise refuse", nullptr, "2001:db8::1", Verdict::refuse, Reason::no_source},
        {"source interface 7 otherwise refuse", nullptr, "::ffff:8.8.8.8", Verdict::refuse, Reason::no_source},
        {"source interface Tap otherwise refuse", "10.8.0.2", "2001:db8::1", Verdict::refuse, Reason::no_source},
        {"source interface Tap otherwise refuse", "2001:db8::44", "8.8.8.8", Verdict::refuse, Reason::no_source},
        {"source interface Tap otherwise refuse", "11.22.33.44", "8.8.8.8", Verdict::source, Reason::rule},
        {"to ::/0 source interface Tap otherwise refuse", "10.8.0.2", "2001:db8::1", Verdict::refuse,
         Reason::no_source},
        {"via 12 source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::refuse, Reason::no_source},
        // What the rule is not about, and rules that do not say refuse.
        {"source interface Tap otherwise refuse", nullptr, "127.0.0.1", Verdict::keep, Reason::loopback},
        {"to 9.0.0.0/8 source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::keep, Reason::no_rule},
        {"app other.exe source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::keep, Reason::no_rule},
        {"via 13 source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::keep, Reason::no_rule},
        {"via Other source interface Tap otherwise refuse", nullptr, "8.8.8.8", Verdict::keep, Reason::no_rule},
        {"source interface Tap otherwise keep", nullptr, "8.8.8.8", Verdict::keep, Reason::no_rule},
        {"source interface Tap", "10.8.0.2", "2001:db8::1", Verdict::keep, Reason::no_rule},
        {"source 11.22.33.44 otherwise refuse", nullptr, "2001:db8::1", Verdict::keep, Reason::no_rule},
    };
    for (const auto& row : table) {
        CAPTURE(row.rule);
        CAPTURE(row.destination);
        Policy policy = policy_of({row.rule});
        if (row.address != nullptr) policy.rules[0].source = address(row.address);
        Flow flow;
        flow.destination = row.destination;
        const lsp::PolicyIndex index(policy, flow.process);
        for (const Decision& decision :
             {decide(policy, flow),
              index.decide(policy, flow.protocol, address(flow.destination), flow.port, flow.route)}) {
            CHECK(decision.verdict == row.verdict);
            CHECK(decision.reason == row.reason);
            CHECK(decision.rule == (row.verdict == Verdict::keep ? -1 : 0));
            CHECK(static_cast<bool>(decision.source) == (row.verdict == Verdict::source));
        }
    }
}

TEST_CASE("only a `via` rule pins, and to the interface that it names") {
    CHECK(decide(policy_of({"via 12 source 11.22.33.44"}), {}).pin_interface == 12);
    CHECK(decide(policy_of({"source 11.22.33.44"}), {}).pin_interface == 0);
    CHECK(decide(policy_of({"via 12 keep"}), {}).pin_interface == 0);
    CHECK(decide(policy_of({"via 12 refuse"}), {}).pin_interface == 0);
    Policy resolved = policy_of({"via Tunnel source 11.22.33.44"});
    resolved.rules[0].via.index = tunnel_index;
    CHECK(decide(resolved, {}).pin_interface == tunnel_index);
}

TEST_CASE(
    "a source that the system would choose anyway is left to it, unless the rule pins or says `otherwise refuse`") {
    const IpAddress physical = address("11.22.33.44");
    const struct {
        const char* rule;
        Route route;
        Verdict verdict;
        Reason reason;
    } table[] = {
        {"source 11.22.33.44", {physical_index, physical}, Verdict::keep, Reason::already_source},
        {"source 11.22.33.44", {physical_index, physical.mapped()}, Verdict::keep, Reason::already_source},
        {"source 11.22.33.44", {tunnel_index, address("10.8.0.2")}, Verdict::source, Reason::rule},
        {"source 11.22.33.44", {0, physical}, Verdict::source, Reason::rule},  // there is no route
        {"source 11.22.33.44", {tunnel_index, IpAddress{}}, Verdict::source, Reason::rule},
        {"via 12 source 11.22.33.44", {tunnel_index, physical}, Verdict::source, Reason::rule},
        // The route may go before the packet does.
        {"source 11.22.33.44 otherwise refuse", {physical_index, physical}, Verdict::source, Reason::rule},
    };
    for (const auto& row : table) {
        CAPTURE(row.rule);
        Flow flow;
        flow.route = row.route;
        const Decision decision = decide(policy_of({row.rule, "refuse"}), flow);
        CHECK(decision.verdict == row.verdict);
        CHECK(decision.reason == row.reason);
        CHECK(decision.rule == 0);
        CHECK((decision.verdict == Verdict::source) == static_cast<bool>(decision.source));
    }
}

TEST_CASE("`otherwise` goes with the decision") {
    CHECK(decide(policy_of({"source 11.22.33.44"}), {}).otherwise == Otherwise::keep);
    CHECK(decide(policy_of({"source 11.22.33.44 otherwise keep"}), {}).otherwise == Otherwise::keep);
    CHECK(decide(policy_of({"source 11.22.33.44 otherwise refuse"}), {}).otherwise == Otherwise::refuse);
}

TEST_CASE("a published tunnel: through it with the physical address, its own subnet kept, other routes kept") {
    lsp::Tunnel tunnel;
    tunnel.name = "office";
    tunnel.interface_index = tunnel_index;
    tunnel.address4 = prefix("128.129.0.2/24");
    tunnel.address6 = prefix("fd00:8::2/64");
    tunnel.source4 = address("11.22.33.44");
    tunnel.source6 = address("2001:db8::44");
    const Policy policy = lsp::build_policy({rule("app excluded.exe keep")}, std::vector{tunnel});
    const struct {
        Flow flow;
        Verdict verdict;
        Reason reason;
        const char* source;
    } table[] = {
        {{}, Verdict::source, Reason::rule, "11.22.33.44"},
        {{.destination = "::ffff:8.8.8.8"}, Verdict::source, Reason::rule, "11.22.33.44"},
        {{.destination = "2001:db8:1::1"}, Verdict::source, Reason::rule, "2001:db8::44"},
        {{.protocol = Protocol::raw, .port = 0}, Verdict::source, Reason::rule, "11.22.33.44"},
        {{.destination = "128.129.0.1"}, Verdict::keep, Reason::tunnel_subnet, nullptr},
        {{.destination = "128.129.0.255"}, Verdict::keep, Reason::broadcast, nullptr},
        {{.destination = "fd00:8::1"}, Verdict::keep, Reason::tunnel_subnet, nullptr},
        {{.destination = "127.0.0.1"}, Verdict::keep, Reason::loopback, nullptr},
        {{.route = {physical_index, IpAddress::v4(11, 22, 33, 44)}}, Verdict::keep, Reason::no_rule, nullptr},
        {{.route = {}}, Verdict::keep, Reason::no_rule, nullptr},
        {{.process = "C:\\excluded.exe"}, Verdict::keep, Reason::rule, nullptr},
    };
    for (const auto& row : table) {
        CAPTURE(row.flow.destination);
        const Decision decision = decide(policy, row.flow);
        CHECK(decision.verdict == row.verdict);
        CHECK(decision.reason == row.reason);
        CHECK(decision.source == (row.source == nullptr ? IpAddress{} : address(row.source)));
        CHECK(decision.pin_interface == (row.source == nullptr ? 0 : tunnel_index));
    }
}

TEST_CASE("deciding allocates nothing and promises not to throw") {
    static_assert(noexcept(lsp::decide({}, {}, {}, {}, {}, {})));
    const Policy policy = policy_of({"app *x*y.exe to 1.0.0.0/8,::/0 port 1-2 keep", "app C:\\a*\\*.exe refuse",
                                     "via 12 except 10.0.0.0/8 source 11.22.33.44"},
                                    {"10.8.0.0/24"});
    const IpAddress destinations[] = {address("8.8.8.8"), address("::ffff:8.8.8.8"), address("10.8.0.1"),
                                      address("2001:db8::1")};
    const std::string_view process = browser;
    const Route route{tunnel_index, IpAddress::v4(10, 8, 0, 2)};
    const std::size_t before = support::allocations();
    Reason reason = Reason::no_rule;
    bool sourced = false;
    for (const IpAddress& destination : destinations) {
        sourced |= lsp::decide(policy, process, Protocol::tcp, destination, 443, route).verdict == Verdict::source;
        sourced |= lsp::always_kept(policy, Protocol::tcp, destination, 443, reason);
    }
    CHECK(support::allocations() == before);
    CHECK(sourced);
}

TEST_CASE("a decision agrees with itself: random policies and flows keep the invariants") {
    support::Random random(3);
    const char* const rules[] = {"keep",
                                 "refuse",
                                 "source 11.22.33.44",
                                 "via 12 source 11.22.33.44 otherwise refuse",
                                 "via 12 source 2001:db8::44",
                                 "to 0.0.0.0/1 source 1.2.3.4",
                                 "except 128.0.0.0/1 port 0-30000 refuse",
                                 "proto udp via 7 source 5.6.7.8",
                                 "source interface Tap otherwise refuse",
                                 "through 12",
                                 "through 12 otherwise keep",
                                 "socks5 9.9.9.9:1080 otherwise keep",
                                 "socks5 [2001:db8::9]:1080 login work",
                                 "in from 128.0.0.0/1 refuse",
                                 "app a.exe refuse"};
    for (int i = 0; i < 20000; ++i) {
        Policy policy;
        for (std::uint64_t n = random.below(5); n > 0; --n) policy.rules.push_back(rule(random.one_of(rules)));
        if (random.chance(50)) policy.own_subnets.push_back({random.address(lsp::Family::ipv4), random.byte()});
        IpAddress destination = random.address(random.chance(50) ? lsp::Family::ipv4 : lsp::Family::ipv6);
        if (random.chance(20)) destination = destination.mapped();
        const Route route{static_cast<std::uint32_t>(random.below(3) * 6), random.address(lsp::Family::ipv4)};
        const Protocol protocol = random.chance(50) ? Protocol::tcp : Protocol::udp;
        const auto port = static_cast<std::uint16_t>(random.below(65536));
        const Decision decision = lsp::decide(policy, "C:\\b.exe", protocol, destination, port, route);
        Reason reason = Reason::no_rule;
        const bool kept = lsp::always_kept(policy, protocol, destination, port, reason);
        if (kept) {
            CHECK(decision.reason == reason);
            CHECK(decision.verdict == Verdict::keep);
        }
        const bool by_rule = decision.reason == Reason::rule || decision.reason == Reason::already_source ||
                             decision.reason == Reason::no_source || decision.reason == Reason::unknown_action ||
                             decision.reason == Reason::not_tcp;
        CHECK((decision.rule >= 0) == by_rule);
        const bool led = decision.verdict == Verdict::socks5;
        CHECK(static_cast<bool>(decision.source) == (led || decision.verdict == Verdict::source));
        if (decision.source && !led) CHECK(decision.source.family == destination.unmapped().family);
        if (led) CHECK(protocol == Protocol::tcp);
        if (decision.pin_interface != 0) CHECK(decision.pin_interface == route.interface_index);
        // Mapped or not, the decision is the same.
        const Decision same = lsp::decide(policy, "C:\\b.exe", protocol, destination.unmapped(), port, route);
        CHECK(same.rule == decision.rule);
        CHECK(same.reason == decision.reason);
    }
}

TEST_CASE("a rule with an action that is not known refuses, one for connections that come in is no rule for others") {
    Policy policy;
    const char* const lines[] = {"in to 8.8.8.8 keep", "app x.exe to 8.8.0.0/16 port 53 teleport", "to 8.8.8.8 keep"};
    for (const char* const line : lines) {
        lsp::Rule read;
        lsp::Fault fault;
        REQUIRE(lsp::read_rule(line, read, fault, lsp::NewerLines::take));
        policy.rules.push_back(read);
    }
    const auto check = [&](const char* process, std::uint16_t port, Verdict verdict, Reason reason, int rule) {
        CAPTURE(process);
        const lsp::PolicyIndex index(policy, process);
        for (const Decision& decision :
             {lsp::decide(policy, process, Protocol::udp, support::address("8.8.8.8"), port, {}),
              index.decide(policy, Protocol::udp, support::address("8.8.8.8"), port, {})}) {
            CHECK(decision.verdict == verdict);
            CHECK(decision.reason == reason);
            CHECK(decision.rule == rule);
        }
    };
    check("C:\\x.exe", 53, Verdict::refuse, Reason::unknown_action, 1);
    check("C:\\x.exe", 54, Verdict::keep, Reason::rule, 2);
    check("C:\\y.exe", 53, Verdict::keep, Reason::rule, 2);
    CHECK(lsp::PolicyIndex(policy, "C:\\x.exe").enforces());
    CHECK_FALSE(lsp::PolicyIndex(policy, "C:\\y.exe").enforces());
    policy.rules.clear();
    lsp::Rule incoming;
    incoming.unknown = lsp::Unknown::incoming;
    policy.rules.push_back(incoming);
    CHECK(lsp::PolicyIndex(policy, "C:\\x.exe").empty());
}

TEST_CASE("a `through` rule gives the interface with its own address of the family, or its otherwise") {
    Policy policy = policy_of({"through Ethernet", "keep"});
    const auto decided = [&policy](const char* destination) {
        Flow flow;
        flow.destination = destination;
        const Decision one = decide(policy, flow);
        const Decision other = lsp::PolicyIndex(policy, flow.process)
                                   .decide(policy, flow.protocol, address(destination), flow.port, flow.route);
        CHECK(one.verdict == other.verdict);
        CHECK(one.reason == other.reason);
        return one;
    };
    // The interface is not there, whatever address is left of it.
    CHECK(decided("8.8.8.8").verdict == Verdict::refuse);
    CHECK(decided("8.8.8.8").reason == Reason::no_source);
    policy.rules[0].source = address("192.168.1.2");
    CHECK(decided("8.8.8.8").verdict == Verdict::refuse);
    policy.rules[0].interface_name.index = 7;
    CHECK(decided("8.8.8.8").verdict == Verdict::through);
    CHECK(decided("8.8.8.8").source == address("192.168.1.2"));
    CHECK(decided("8.8.8.8").pin_interface == 7);
    CHECK(decided("8.8.8.8").otherwise == Otherwise::refuse);
    CHECK(decided("::ffff:8.8.8.8").verdict == Verdict::through);
    CHECK(decided("2001:db8::1").verdict == Verdict::refuse);
    policy.rules[0].source6 = address("2001:db8::7");
    CHECK(decided("2001:db8::1").source == address("2001:db8::7"));
    CHECK(decided("127.0.0.1").reason == Reason::loopback);
    policy.rules[0].otherwise = Otherwise::keep;
    policy.rules[0].interface_name.index = 0;
    CHECK(decided("8.8.8.8").verdict == Verdict::keep);
    CHECK(decided("8.8.8.8").reason == Reason::no_source);
    CHECK(decided("8.8.8.8").rule == 0);
    CHECK(lsp::PolicyIndex(policy_of({"through 7"}), browser).enforces());
    CHECK_FALSE(lsp::PolicyIndex(policy_of({"through 7 otherwise keep"}), browser).enforces());
}

TEST_CASE("a proxy takes TCP, to it itself nothing is led, and everything else is the rule's otherwise") {
    const Policy policy = lsp::build_policy(
        {rule("app other.exe socks5 10.0.0.2:1080"), rule("socks5 10.0.0.1:1080 login work"), rule("keep")}, {});
    const auto decided = [&policy](const char* destination, std::uint16_t port, Protocol protocol) {
        const lsp::PolicyIndex index(policy, browser);
        const Decision one = lsp::decide(policy, browser, protocol, address(destination), port, {});
        const Decision other = index.decide(policy, protocol, address(destination), port, {});
        CHECK(one.verdict == other.verdict);
        CHECK(one.reason == other.reason);
        CHECK(one.proxy_port == other.proxy_port);
        return one;
    };
    for (const char* const destination : {"8.8.8.8", "::ffff:8.8.8.8", "2001:db8::1"}) {
        const Decision led = decided(destination, 443, Protocol::tcp);
        CHECK(led.verdict == Verdict::socks5);
        CHECK(led.source == address("10.0.0.1"));
        CHECK(led.proxy_port == 1080);
        CHECK(led.otherwise == Otherwise::refuse);
        for (const Protocol other : {Protocol::udp, Protocol::raw}) {
            CHECK(decided(destination, 443, other).verdict == Verdict::refuse);
            CHECK(decided(destination, 443, other).reason == Reason::not_tcp);
        }
    }
    for (const char* const proxy : {"10.0.0.1", "10.0.0.2", "::ffff:10.0.0.2"}) {
        CHECK(decided(proxy, 1080, Protocol::tcp).reason == Reason::proxy);
        CHECK(decided(proxy, 1080, Protocol::tcp).verdict == Verdict::keep);
        // And nothing else of that host.
        CHECK(decided(proxy, 1081, Protocol::tcp).verdict == Verdict::socks5);
        CHECK(decided(proxy, 1080, Protocol::udp).verdict == Verdict::refuse);
    }
}

TEST_CASE("rules for what comes in are for nothing else, and nothing else is for what comes in") {
    const Policy policy =
        policy_of({"refuse", "in app other.exe refuse", "in from 10.0.0.0/8 except 10.1.0.0/16 refuse",
                   "in from 10.1.2.3 port 22 refuse"});
    const auto refused = [&policy](const char* peer, std::uint16_t port) {
        const Decision one = lsp::decide_incoming(policy, browser, address(peer), port);
        Decision other;
        const lsp::PolicyIndex index(policy, browser, lsp::Direction::in);
        if (!lsp::always_let_in(address(peer), other.reason)) {
            index.decide_rules(policy, Protocol::tcp, address(peer).unmapped(), port, {}, other);
        }
        CHECK(one.verdict == other.verdict);
        CHECK(one.rule == other.rule);
        return one.verdict == Verdict::refuse;
    };
    CHECK(refused("10.2.3.4", 80));
    CHECK(refused("::ffff:10.2.3.4", 80));
    CHECK_FALSE(refused("10.1.3.4", 80));
    CHECK_FALSE(refused("10.1.2.3", 80));
    CHECK(refused("10.1.2.3", 22));
    CHECK_FALSE(refused("11.2.3.4", 80));
    CHECK_FALSE(refused("127.0.0.1", 22));
    CHECK(decide(policy, {}).rule == 0);
    CHECK(lsp::PolicyIndex(policy_of({"in refuse"}), browser).empty());
    CHECK(lsp::PolicyIndex(policy_of({"refuse"}), browser, lsp::Direction::in).empty());
}

TEST_CASE("verdicts, reasons and protocols have names") {
    CHECK(std::string(lsp::to_string(Verdict::source)) == "source");
    CHECK(std::string(lsp::to_string(Otherwise::refuse)) == "refuse");
    CHECK(std::string(lsp::to_string(Protocol::raw)) == "raw");
    CHECK(std::string(lsp::to_string(Protocol::any)) == "any");
    CHECK(std::string(lsp::to_string(static_cast<Protocol>(200))) == "unknown");
    CHECK(std::string(lsp::to_string(static_cast<Otherwise>(200))) == "unknown");
    CHECK(std::string(lsp::to_string(Reason::already_source)) == "already_source");
    CHECK(std::string(lsp::to_string(static_cast<Reason>(200))) == "unknown");
    CHECK(std::string(lsp::to_string(static_cast<Verdict>(200))) == "unknown");
    for (int i = 0; i <= static_cast<int>(Reason::not_tcp); ++i) {
        CHECK(std::string(lsp::to_string(static_cast<Reason>(i))) != "unknown");
    }
}
