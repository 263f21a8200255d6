#include "core/tunnel.hpp"

#include <doctest/doctest.h>

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
        tunnel.host_model = {{7, Family::ipv4, HostModelChange::Setting::weak_host_send, false},
                             {12, Family::ipv6, HostModelChange::Setting::weak_host_receive, true}};
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
        {"a name of 65", [](Tunnel& t) { t.name.assign(65, 'a'); }},
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
        "interface=12 address=128.129.0.2/24 source=11.22.33.44 restore=7",
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
    const Policy policy = build_policy({support::rule("app a.exe keep")}, {good_tunnel()});
    REQUIRE(policy.rules.size() == 2);
    CHECK(policy.rules[0].app == "a.exe");
    CHECK(policy.own_subnets.size() == 1);
    Reason reason{};
    CHECK(always_kept(policy, address("128.129.0.77"), reason));
    CHECK(!always_kept(policy, address("1.2.3.4"), reason));
}

TEST_SUITE_END();
