#include "system/delegation.hpp"

#include <doctest/doctest.h>

#include "setup/tunnels/policy_store_write.hpp"
#include "setup/tunnels/tunnels.hpp"
#include "support.hpp"
#include "system/routes.hpp"

using namespace lsp;
using namespace lsp::setup;
using namespace lsp::system;

namespace {

constexpr std::uint32_t tunnel_index = 700'007,
                        physical_index = 700'005;  // no interface of this host has such a number

const std::vector<InterfaceAddress> host = {{physical_index, *parse_prefix("192.0.2.1/24"), L"Ethernet"},
                                            {tunnel_index, *parse_prefix("10.8.0.2/24"), L"VPN"},
                                            {tunnel_index, *parse_prefix("10.8.0.9/24"), L"VPN"},
                                            {tunnel_index, *parse_prefix("fd00::2/128"), L"VPN"}};

Tunnel good() {
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.interface_index = tunnel_index;
    tunnel.publisher = current_process();
    tunnel.delegated = true;
    return tunnel;
}

struct Store {
    Store() {
        REQUIRE(delete_policy_store());
        // As `install --publishers` does, but for the rights: setup/publishers_test.cpp looks at those.
        REQUIRE(create_policy_store());
        write_raw(L"DelegatedTunnels", nullptr, 0, nullptr, 0);
    }
    ~Store() { CHECK(delete_policy_store()); }
};

std::vector<StoredTunnel> stored() {
    const auto policy = read_policy();
    REQUIRE(policy);
    return policy->tunnels;
}

}  // namespace

TEST_CASE("a delegated tunnel is in force only where the host bears it out") {
    CHECK(delegated_tunnel_fault(good(), host, {}) == "");
    const struct {
        const char* what;
        void (*spoil)(Tunnel&);
        const char* reason;
    } situations[] = {
        {"nobody's tunnel, which would stay for ever", [](Tunnel& t) { t.publisher = {}; }, "no publisher"},
        {"another's interface", [](Tunnel& t) { t.interface_index = physical_index; }, "does not have the address"},
        {"an interface that is not there", [](Tunnel& t) { t.interface_index = 9; }, "does not have the address"},
        {"another address of the subnet", [](Tunnel& t) { t.address4 = *parse_prefix("10.8.0.3/24"); }, "10.8.0.3"},
        {"one family right, the other not", [](Tunnel& t) { t.address6 = *parse_prefix("fd00::3/64"); }, "fd00::3"},
        {"a source of no interface", [](Tunnel& t) { t.source4 = *parse_address("192.0.2.2"); }, "192.0.2.2"},
        {"a source of the tunnel itself", [](Tunnel& t) { t.source4 = *parse_address("10.8.0.9"); }, "10.8.0.9"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        Tunnel tunnel = good();
        situation.spoil(tunnel);
        CHECK(contains(delegated_tunnel_fault(tunnel, host, {}), situation.reason));
    }
}

// On a tun adapter OpenVPN for Windows gives IPv6 addresses the length 128, whatever ifconfig_ipv6_netbits says, and
// those of topology net30 and p2p 30, where the environment names a peer and no netmask.
TEST_CASE("a delegated tunnel's subnet need not be its interface's") {
    for (const char* address4 : {"10.8.0.2/32", "10.8.0.2/30", "10.8.0.2/1"}) {
        Tunnel tunnel = good();
        tunnel.address4 = *parse_prefix(address4);
        CHECK(delegated_tunnel_fault(tunnel, host, {}) == "");
        tunnel.address6 = *parse_prefix("fd00::2/64");
        CHECK(delegated_tunnel_fault(tunnel, host, {}) == "");
    }
}

TEST_CASE("a delegated tunnel does not take an interface that has a tunnel") {
    std::vector<StoredTunnel> others = {{good(), "", true}};
    CHECK(delegated_tunnel_fault(good(), host, others) == "");  // itself
    others[0].tunnel.name = "other";
    CHECK(contains(delegated_tunnel_fault(good(), host, others), "another tunnel"));
    others[0].tunnel = good();
    others[0].tunnel.delegated = false;  // an administrator's of the same name
    CHECK(contains(delegated_tunnel_fault(good(), host, others), "another tunnel"));
    others[0].alive = false;
    CHECK(delegated_tunnel_fault(good(), host, others) == "");
    others[0] = {good(), "garbage", true};
    others[0].tunnel.name = "other";
    CHECK(delegated_tunnel_fault(good(), host, others) == "");
    others[0] = {good(), "", true};
    others[0].tunnel.name = "other";
    others[0].tunnel.interface_index = physical_index;
    CHECK(delegated_tunnel_fault(good(), host, others) == "");
}

TEST_CASE("a delegated tunnel takes no uplink, be it a card or not, and none that its packets cannot pass") {
    constexpr auto no = [](std::uint32_t, Family) { return false; };
    constexpr auto yes = [](std::uint32_t, Family) { return true; };
    // A virtual switch over the only card: no hardware, and the default route leaves through it.
    InterfaceQuestions ask;
    ask.hardware = [](std::uint32_t) { return false; };
    ask.default_route = [](std::uint32_t index, Family family) {
        return index == tunnel_index && family == Family::ipv4;
    };
    ask.weak_send = yes;
    ask.weak_receive = yes;
    CHECK(contains(delegated_tunnel_fault(good(), host, {}, ask), "default route"));
    Tunnel ipv6 = good();  // whose family leaves another way
    ipv6.address6 = *parse_prefix("fd00::2/64");
    ipv6.source4 = {};
    ipv6.source6 = *parse_address("2001:db8::1");
    std::vector<InterfaceAddress> both = host;
    both.push_back({physical_index, *parse_prefix("2001:db8::1/64"), L"Ethernet"});
    CHECK(delegated_tunnel_fault(ipv6, both, {}, ask) == "");
    ask.default_route = no;
    CHECK(delegated_tunnel_fault(good(), host, {}, ask) == "");
    ask.weak_send = [](std::uint32_t index, Family) { return index != physical_index; };
    CHECK(contains(delegated_tunnel_fault(good(), host, {}, ask), "WeakHostSend is off on interface 700005"));
    ask.weak_send = yes;
    ask.weak_receive = no;
    CHECK(contains(delegated_tunnel_fault(good(), host, {}, ask), "WeakHostReceive is off on interface 700007"));
    ask.hardware = [](std::uint32_t) { return true; };
    CHECK(contains(delegated_tunnel_fault(good(), host, {}, ask), "network card"));
}

TEST_CASE("the way to the network is known by the system's own routes") {
    CHECK_FALSE(carries_default_route(tunnel_index, Family::ipv4));
    CHECK_FALSE(carries_default_route(tunnel_index, Family::ipv6));
    BestRoute route;
    if (best_route(IpAddress::v4(198, 51, 100, 1), route) != 0 || route.destination.length != 0) {
        MESSAGE("skipped: this host has no default route");
        return;
    }
    CHECK(carries_default_route(route.interface_index, Family::ipv4));
}

TEST_CASE_FIXTURE(Store, "policy store: a delegated tunnel refuses nobody anything") {
    Tunnel tunnel = good();
    tunnel.otherwise = Otherwise::refuse;
    REQUIRE(write_tunnel(tunnel));
    REQUIRE(stored().size() == 1);
    CHECK(stored()[0].tunnel.otherwise == Otherwise::keep);
}

TEST_CASE_FIXTURE(Store, "policy store: a delegated tunnel is kept apart, judged by this host, and erased there") {
    REQUIRE(write_tunnel(good()));
    const auto tunnels = stored();
    REQUIRE(tunnels.size() == 1);
    CHECK(tunnels[0].tunnel == good());  // its place says that it is delegated
    CHECK(contains(tunnels[0].rejected, "does not have the address 10.8.0.2"));
    CHECK(tunnels_in_force(tunnels).empty());
    CHECK(code_of(erase_tunnel("vpn")) == "ERROR_FILE_NOT_FOUND");
    CHECK(erase_tunnel("vpn", true));
    CHECK(stored().empty());
}

TEST_CASE_FIXTURE(Store, "policy store: a delegated tunnel of an administrator's tunnel's name stands beside it") {
    Tunnel administrators = good();
    administrators.delegated = false;
    REQUIRE(write_tunnel(administrators));
    REQUIRE(write_tunnel(good()));
    const auto tunnels = stored();
    REQUIRE(tunnels.size() == 2);
    CHECK_FALSE(tunnels[0].tunnel.delegated);
    CHECK(tunnels_in_force(tunnels) == std::vector<Tunnel>{administrators});
}

TEST_CASE_FIXTURE(Store, "tunnels: what is not in force is cleared where it is, and never one of its name elsewhere") {
    Tunnel administrators = good();
    administrators.delegated = false;
    REQUIRE(write_tunnel(administrators));
    REQUIRE(write_tunnel(good()));  // this host does not bear it out
    CHECK(clear_tunnel("vpn", false));
    CHECK(stored().size() == 2);
    CHECK(clear_tunnel("vpn", true));
    CHECK(stored().size() == 1);
    CHECK(clear_tunnel("vpn", true));  // somebody was faster
    CHECK(tunnels_in_force(stored()) == std::vector<Tunnel>{administrators});
    administrators.publisher = {99999999, 1};
    REQUIRE(write_tunnel(administrators));
    CHECK(clear_tunnel("vpn", false));
    CHECK(stored().empty());
}

TEST_CASE_FIXTURE(Store, "policy store: however many delegated tunnels there are, those of administrators are read") {
    for (int i = 0; i < 100; ++i) {
        Tunnel tunnel = good();
        tunnel.name = "a" + std::to_string(1000 + i);
        REQUIRE(write_tunnel(tunnel));
    }
    Tunnel administrators = good();
    administrators.name = "z";
    administrators.delegated = false;
    REQUIRE(write_tunnel(administrators));
    const auto tunnels = stored();
    CHECK(tunnels.size() == 1 + 64);
    CHECK(tunnels_in_force(tunnels) == std::vector<Tunnel>{administrators});
    CHECK(contains(tunnels[1 + most_delegated_tunnels].rejected, "more than 16"));
}

TEST_CASE_FIXTURE(Store, "policy store: tunnels of dead publishers do not count as some of those that are too many") {
    Tunnel dead = good();
    dead.publisher = {99999999, 1};
    for (std::size_t i = 0; i < most_delegated_tunnels; ++i) {
        dead.name = "a" + std::to_string(1000 + i);
        REQUIRE(write_tunnel(dead));
    }
    Tunnel honest = good();
    honest.name = "z";
    REQUIRE(write_tunnel(honest));
    const auto tunnels = stored();
    REQUIRE(tunnels.size() == most_delegated_tunnels + 1);
    CHECK(tunnels.back().tunnel.name == "z");
    CHECK_FALSE(contains(tunnels.back().rejected, "more than"));
}

TEST_CASE("policy store: without a place for them there are no delegated tunnels") {
    REQUIRE(delete_policy_store());
    CHECK(code_of(write_tunnel(good())) == "ERROR_FILE_NOT_FOUND");
    REQUIRE(create_policy_store());
    CHECK(code_of(write_tunnel(good())) == "ERROR_FILE_NOT_FOUND");
    CHECK(delete_policy_store());
}
