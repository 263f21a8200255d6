#include "core/tunnel.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>

#include "core/policy.hpp"
#include "support.hpp"

using namespace lsp;
using support::address;
using support::prefix;

namespace {

Tunnel good_tunnel() {
    Tunnel tunnel;
    tunnel.name = "openvpn-4711";
    tunnel.interface_index = 12;
    tunnel.address4 = prefix("128.129.0.2/24");
    tunnel.source4 = address("11.22.33.44");
    return tunnel;
}

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("a tunnel that is printed is read back the same") {
    Tunnel tunnel = good_tunnel();
    SUBCASE("plain") {}
    SUBCASE("with everything") {
        tunnel.address6 = prefix("fd00::2/64");
        tunnel.source6 = address("2001:db8::5");
        tunnel.otherwise = Otherwise::refuse;
        tunnel.publisher = {4711, 133000000000000000};
    }
    const auto parsed = parse_tunnel(tunnel.name, to_string(tunnel));
    REQUIRE(std::holds_alternative<Tunnel>(parsed));
    CHECK(std::get<Tunnel>(parsed) == tunnel);
}

TEST_CASE("a tunnel that would do harm or nothing cannot be published") {
    CHECK(tunnel_fault(good_tunnel()).empty());
    struct {
        const char* what;
        void (*spoil)(Tunnel&);
    } const faults[] = {
        {"no name", [](Tunnel& t) { t.name.clear(); }},
        {"a name with a path in it", [](Tunnel& t) { t.name = "a\\b"; }},
        {"a name of 65", [](Tunnel& t) { t.name = std::string(65, 'a'); }},
        {"interface 0", [](Tunnel& t) { t.interface_index = 0; }},
        {"no address", [](Tunnel& t) { t.address4 = {}; }},
        {"no source", [](Tunnel& t) { t.source4 = {}; }},
        {"a source of a family without address", [](Tunnel& t) { t.source6 = address("2001:db8::5"); }},
        {"loopback as source", [](Tunnel& t) { t.source4 = address("127.0.0.1"); }},
        {"the wildcard as source", [](Tunnel& t) { t.source4 = address("0.0.0.0"); }},
        {"multicast as source", [](Tunnel& t) { t.source4 = address("224.0.0.5"); }},
        {"link-local as source", [](Tunnel& t) { t.source4 = address("169.254.3.4"); }},
        {"the virtual address itself as source", [](Tunnel& t) { t.source4 = address("128.129.0.2"); }},
    };
    for (const auto& fault : faults) {
        CAPTURE(std::string(fault.what));
        Tunnel tunnel = good_tunnel();
        fault.spoil(tunnel);
        CHECK(!tunnel_fault(tunnel).empty());
    }
}

TEST_CASE("garbage in the store is rejected with a reason") {
    const char* const bad[] = {
        "",
        "interface=12",
        "interface=twelve address=128.129.0.2/24 source=11.22.33.44 otherwise=keep publisher=0@0",
        "interface=12 interface=13 address=128.129.0.2/24 source=11.22.33.44",
        "interface=12 address=128.129.0.2/24 source=11.22.33.44 colour=blue",
        "interface=12 address=128.129.0.2/240 source=11.22.33.44",
        "interface=12 address=128.129.0.2/24 source=fd00::1",
        "interface=12 address=128.129.0.2/24 source=11.22.33.44 publisher=now",
        "interface=12 address=128.129.0.2/24 source=11.22.33.44 restore=7/ipv4/weak-host-send/off",
        "interface=99999999999999999999 address=128.129.0.2/24 source=11.22.33.44",
    };
    for (const char* const text : bad) {
        CAPTURE(std::string(text));
        const auto parsed = parse_tunnel("t", text);
        REQUIRE(std::holds_alternative<TextError>(parsed));
        CHECK(!std::get<TextError>(parsed).message.empty());
    }
}

TEST_CASE("a tunnel is one rule for each family that has a source: via it, except its subnet") {
    Tunnel tunnel = good_tunnel();
    tunnel.address6 = prefix("fd00::2/64");
    REQUIRE(tunnel_rules(tunnel).size() == 1);
    const Rule rule = tunnel_rules(tunnel)[0];
    CHECK(rule.verdict == Verdict::source);
    CHECK(rule.source == address("11.22.33.44"));
    CHECK(rule.via.index == 12);
    tunnel.source6 = address("2001:db8::5");
    CHECK(tunnel_rules(tunnel).size() == 2);
}

TEST_CASE("the administrator's rules come before the tunnels', and a tunnel's subnets are kept") {
    const Policy policy = build_policy({support::rule("app a.exe keep")}, std::vector{good_tunnel()});
    REQUIRE(policy.rules.size() == 2);
    CHECK(policy.rules[0].app == "a.exe");
    CHECK(policy.own_subnets.size() == 1);
    Reason reason{};
    CHECK(always_kept(policy, Protocol::tcp, address("128.129.0.77"), 443, reason));
    CHECK(!always_kept(policy, Protocol::tcp, address("1.2.3.4"), 443, reason));
}

TEST_CASE("the subnet of a delegated tunnel is left out of its own rule, and not kept against the administrator's") {
    Tunnel tunnel = good_tunnel();
    tunnel.delegated = true;
    const Policy policy = build_policy({support::rule("to 128.129.0.77 refuse")}, std::vector{tunnel});
    CHECK(policy.own_subnets.empty());
    const Route route{tunnel.interface_index, tunnel.address4.address};
    const auto decided = [&](const char* to) {
        return decide(policy, "C:\\a.exe", Protocol::tcp, address(to), 80, route).verdict;
    };
    CHECK(decided("128.129.0.77") == Verdict::refuse);
    CHECK(decided("128.129.0.78") == Verdict::keep);
    CHECK(decided("1.2.3.4") == Verdict::source);
}

TEST_CASE("each fault of a tunnel has its own reason") {
    const struct {
        void (*spoil)(Tunnel&);
        const char* part;  // of the reason
    } table[] = {
        {[](Tunnel& t) { t.name = std::string("a b"); }, "name is \"a b\""},
        {[](Tunnel& t) { t.name = std::string("a\n"); }, "control characters"},
        {[](Tunnel& t) { t.address4 = prefix("0.0.0.0/24"); }, "an unspecified address"},
        {[](Tunnel& t) { t.address4 = prefix("127.0.0.1/24"); }, "a loopback address"},
        {[](Tunnel& t) { t.address4 = prefix("224.0.0.1/24"); }, "a multicast address"},
        {[](Tunnel& t) { t.address4 = prefix("fd00::2/64"); }, "wrong family"},
        {[](Tunnel& t) { t.address6 = prefix("10.0.0.1/8"); }, "wrong family"},
        {[](Tunnel& t) { t.address6 = prefix("::ffff:10.0.0.1/120"); }, "a v4-mapped address"},
        {[](Tunnel& t) { t.address4.length = 33; }, "too large"},
        {[](Tunnel& t) { t.address4.length = 0; }, "length 0"},
        {[](Tunnel& t) { t.source4 = address("2001:db8::5"); }, "wrong family"},
        {[](Tunnel& t) { t.source4 = address("255.255.255.255"); }, "the limited broadcast address"},
        {[](Tunnel& t) { t.source6 = address("2001:db8::5"); }, "no address of its family"},
        // Its text has no place for it, so that it would come back as another tunnel.
        {[](Tunnel& t) {
             t.publisher = {0, 5};
         },
         "a start time without a process id"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.part));
        Tunnel tunnel = good_tunnel();
        row.spoil(tunnel);
        const std::string fault = tunnel_fault(tunnel);
        CAPTURE(fault);
        CHECK(fault.find(row.part) != std::string::npos);
    }
}

TEST_CASE("virtual and physical address are ones that a host can have") {
    const struct {
        const char* virtual_address;
        const char* physical;
        const char* fault;  // part of it; null: none
    } table[] = {
        {"10.8.0.2/24", "11.22.33.44", nullptr},
        {"10.8.0.254/24", "11.22.33.44", nullptr},
        {"10.8.0.0/24", "11.22.33.44", "the network's address"},
        {"10.8.0.255/24", "11.22.33.44", "the broadcast address"},
        {"10.8.0.0/16", "11.22.33.44", "the network's address"},
        {"10.8.1.0/16", "11.22.33.44", nullptr},
        {"10.8.1.255/16", "11.22.33.44", nullptr},
        // OpenVPN's net30: a subnet of four addresses, or the peer in place of the netmask (then it is a /32)
        {"10.8.0.4/30", "11.22.33.44", "the network's address"},
        {"10.8.0.5/30", "11.22.33.44", nullptr},
        {"10.8.0.6/30", "11.22.33.44", nullptr},
        {"10.8.0.7/30", "11.22.33.44", "the broadcast address"},
        {"10.8.0.4/32", "11.22.33.44", nullptr},
        {"10.8.0.7/32", "11.22.33.44", nullptr},
        {"10.8.0.4/31", "11.22.33.44", nullptr},  // RFC 3021
        {"10.8.0.5/31", "11.22.33.44", nullptr},
        // The physical address's own subnet is not known here; in the tunnel's it can be neither.
        {"10.8.0.2/24", "10.8.0.0", "the network's address"},
        {"10.8.0.2/24", "10.8.0.255", "the broadcast address"},
        {"10.8.0.2/24", "10.8.0.3", nullptr},
        {"10.8.0.2/24", "10.8.1.0", nullptr},
        {"10.8.0.2/24", "10.8.1.255", nullptr},
        {"10.8.0.2/31", "10.8.0.3", nullptr},
        {"0.1.2.3/24", "11.22.33.44", "a reserved address"},
        {"240.0.0.1/24", "11.22.33.44", "a reserved address"},
        {"255.255.255.254/24", "11.22.33.44", "a reserved address"},
        {"10.8.0.2/24", "0.1.2.3", "a reserved address"},
        {"10.8.0.2/24", "250.1.2.3", "a reserved address"},
        {"10.8.0.2/24", "0.0.0.0", "an unspecified address"},
        {"10.8.0.2/24", "127.0.0.1", "a loopback address"},
        {"10.8.0.2/24", "239.1.2.3", "a multicast address"},
        {"0.0.0.0/24", "11.22.33.44", "an unspecified address"},
        {"127.0.0.1/24", "11.22.33.44", "a loopback address"},
        {"224.0.0.1/24", "11.22.33.44", "a multicast address"},
        {"255.255.255.255/24", "11.22.33.44", "the limited broadcast address"},
        {"fd00::/64", "2001:db8::5", nullptr},  // IPv6 has no broadcast, and hosts do have this address
        {"fd00::2/64", "2001:db8::5", nullptr},
        {"::/64", "2001:db8::5", "an unspecified address"},
        {"::1/64", "2001:db8::5", "a loopback address"},
        {"ff02::1/64", "2001:db8::5", "a multicast address"},
        {"fd00::2/64", "::", "an unspecified address"},
        {"fd00::2/64", "::1", "a loopback address"},
        {"fd00::2/64", "ff02::1", "a multicast address"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.virtual_address));
        CAPTURE(std::string(row.physical));
        Tunnel tunnel;
        tunnel.name = std::string("t");
        tunnel.interface_index = 12;
        const Prefix subnet = prefix(row.virtual_address);
        (subnet.address.family == Family::ipv4 ? tunnel.address4 : tunnel.address6) = subnet;
        (subnet.address.family == Family::ipv4 ? tunnel.source4 : tunnel.source6) = address(row.physical);
        const std::string fault = tunnel_fault(tunnel);
        CAPTURE(fault);
        CHECK(fault.empty() == (row.fault == nullptr));
        if (row.fault != nullptr) CHECK(fault.find(row.fault) != std::string::npos);
    }
}

TEST_CASE("a point-to-point tunnel, an IPv6-only one and a link-local address are fine") {
    Tunnel tunnel = good_tunnel();
    tunnel.address4.length = 32;
    CHECK(tunnel_fault(tunnel).empty());
    tunnel.address6 = prefix("fe80::2/64");
    CHECK(tunnel_fault(tunnel).empty());
    tunnel.address4 = {};
    tunnel.source4 = {};
    tunnel.source6 = address("2001:db8::5");
    CHECK(tunnel_fault(tunnel).empty());
}

TEST_CASE("a rejected tunnel says what was expected and found, and where") {
    const struct {
        const char* text;
        std::size_t column;
        const char* part;  // of the message
    } table[] = {
        {"", 1, "expected interface="},
        {"interface=12 address=10.8.0.2/24", 33, "expected source="},
        {"interface=12 source=1.2.3.4", 28, "expected address="},
        {"interface", 1, "expected key=value"},
        {"  =12", 3, "expected key=value"},
        {"INTERFACE=12", 1, "expected key=value"},
        {"name=x", 1, "expected key=value"},
        {"interface=12 interface=12", 14, "a second time"},
        {"interface=0", 1, "from 1 to 4294967295"},
        {"interface=", 1, "from 1 to 4294967295"},
        {"interface=4294967296", 1, "from 1 to 4294967295"},
        {"address=10.8.0.2/33", 1, "expected an address"},
        {"address=", 1, "expected an address"},
        {"address=10.8.0.2/24,", 1, "expected an address"},
        {"address=10.8.0.2/24,10.9.0.2/24", 1, "one address of each family"},
        {"source=1.2.3.4,5.6.7.8", 1, "one source of each family"},
        {"source=1.2.3.4/32", 1, "expected a source address"},
        {"otherwise=Keep", 1, "expected keep or refuse"},
        {"otherwise=source", 1, "expected keep or refuse"},
        {"publisher=4711", 1, "process id above 0"},
        {"publisher=0@1", 1, "process id above 0"},
        {"publisher=4711@", 1, "process id above 0"},
        {"publisher=4711@18446744073709551616", 1, "process id above 0"},
        {"publisher=4711@1@2", 1, "process id above 0"},
        {"interface=12\n", 13, "control character"},
        {"interface=12 \xFF", 14, "UTF-8"},
        {"interface=12 address=10.8.0.2/0 source=1.2.3.4", 1, "length 0"},
        {"interface=12 address=10.8.0.2/24 source=10.8.0.2", 1, "the tunnel's own"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.text));
        const auto parsed = parse_tunnel("t", row.text);
        const auto* const error = std::get_if<TextError>(&parsed);
        REQUIRE(error != nullptr);
        CAPTURE(error->message);
        CHECK(error->line == 0);
        CHECK(error->column == row.column);
        CHECK(error->message.find(row.part) != std::string::npos);
    }
    const std::string good = to_string(good_tunnel());
    CHECK(
        std::holds_alternative<Tunnel>(parse_tunnel("t", good + std::string(longest_tunnel_text - good.size(), ' '))));
    CHECK(std::holds_alternative<TextError>(parse_tunnel("t", good + std::string(longest_tunnel_text, ' '))));
    CHECK(std::holds_alternative<TextError>(parse_tunnel("t", good + std::string(1, '\0'))));
    CHECK(std::holds_alternative<TextError>(parse_tunnel("..\\t", good)));
}

TEST_CASE("the longest tunnel there can be is not too long to be read back") {
    Tunnel tunnel = good_tunnel();
    tunnel.name = std::string(64, 'n');
    tunnel.interface_index = UINT32_MAX;
    tunnel.address4 = prefix("223.255.255.254/32");
    tunnel.address6 = prefix("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    tunnel.source4 = address("223.255.255.253");
    tunnel.source6 = address("fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
    tunnel.otherwise = Otherwise::refuse;
    tunnel.publisher = {UINT32_MAX, UINT64_MAX};
    REQUIRE(tunnel_fault(tunnel) == "");
    const std::string text = to_string(tunnel);
    CHECK(text.size() <= longest_tunnel_text);
    const auto parsed = parse_tunnel(tunnel.name, text);
    REQUIRE(std::holds_alternative<Tunnel>(parsed));
    CHECK(std::get<Tunnel>(parsed) == tunnel);
    CHECK(to_string(std::get<Tunnel>(parsed)) == text);
}

TEST_CASE("absent keys have their defaults") {
    const auto parsed = parse_tunnel("t", "\tsource=1.2.3.4  address=10.8.0.2/24 interface=12 ");
    REQUIRE(std::holds_alternative<Tunnel>(parsed));
    const auto& tunnel = std::get<Tunnel>(parsed);
    CHECK(tunnel.otherwise == Otherwise::keep);
    CHECK(tunnel.publisher == Publisher{});
    CHECK_FALSE(tunnel.source6);
}

TEST_CASE("random tunnels survive printing and reading") {
    support::Random random(20261123);
    for (int i = 0; i < 5000; ++i) {
        Tunnel tunnel;
        tunnel.name = std::string("t");  // a bare literal trips -Wrestrict of GCC 12 (its bug 105651)
        tunnel.interface_index = static_cast<std::uint32_t>(1 + random.below(UINT32_MAX));
        const std::uint64_t families = 1 + random.below(3);
        if ((families & 1U) != 0) {
            tunnel.address4 = {random.host_address(Family::ipv4), static_cast<std::uint8_t>(1 + random.below(32))};
            tunnel.source4 = random.host_address(Family::ipv4);
        }
        if ((families & 2U) != 0) {
            tunnel.address6 = {random.host_address(Family::ipv6), static_cast<std::uint8_t>(1 + random.below(128))};
            if (families == 2 || random.chance(50)) tunnel.source6 = random.host_address(Family::ipv6);
        }
        tunnel.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        if (random.chance(50)) {
            tunnel.publisher = {static_cast<std::uint32_t>(1 + random.below(UINT32_MAX)), random.below(UINT64_MAX)};
        }
        if (!tunnel_fault(tunnel).empty()) continue;  // the source happened to be the address
        const std::string text = to_string(tunnel);
        CAPTURE(text);
        const auto parsed = parse_tunnel("t", text);
        REQUIRE(std::holds_alternative<Tunnel>(parsed));
        CHECK(std::get<Tunnel>(parsed) == tunnel);
    }
}

TEST_SUITE_END();
