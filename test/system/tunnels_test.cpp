#include "setup/tunnels/tunnels.hpp"

#include <doctest/doctest.h>

#include "setup/tunnels/policy_store_write.hpp"
#include "support.hpp"
#include "system/interfaces.hpp"

using namespace lsp;
using namespace lsp::setup;
using namespace lsp::system;

namespace {

struct Host {
    InterfaceAddress physical;       // some IPv4 address of this host
    std::uint32_t tunnel_interface;  // another interface: the loopback one stands in for the tunnel's

    Host() {
        REQUIRE(delete_policy_store());
        const auto addresses = interface_addresses();
        REQUIRE(addresses);
        tunnel_interface = 0;
        for (const InterfaceAddress& entry : *addresses) {
            if (entry.address.address.family != Family::ipv4) continue;
            if (entry.address.address.is_loopback())
                tunnel_interface = entry.interface_index;
            else
                physical = entry;
        }
    }
    ~Host() { CHECK(delete_policy_store()); }

    Tunnel tunnel() const {
        Tunnel tunnel = sample_tunnel("vpn");
        tunnel.interface_index = tunnel_interface;
        tunnel.source4 = physical.address.address;
        return tunnel;
    }
    bool usable() const {
        if (physical.interface_index == 0) MESSAGE("this host has no IPv4 network");
        return physical.interface_index != 0;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Host, "tunnel: published, listed, replaced, withdrawn") {
    if (!usable()) return;
    const auto outcome = publish_tunnel(tunnel());
    REQUIRE_MESSAGE(outcome, message_of(outcome));
    Tunnel changed = tunnel();
    changed.otherwise = Otherwise::refuse;
    REQUIRE(publish_tunnel(changed));
    const auto listed = list_tunnels();
    REQUIRE(listed);
    REQUIRE(listed->size() == 1);
    CHECK(listed->at(0).tunnel == changed);
    CHECK(withdraw_tunnel("vpn"));
    CHECK(list_tunnels()->empty());
    CHECK(code_of(withdraw_tunnel("vpn")) == "ERROR_FILE_NOT_FOUND");
}

TEST_CASE_FIXTURE(Host, "tunnel: what cannot be is not published and says why") {
    if (!usable()) return;
    const struct {
        const char* what;
        std::uint32_t interface_index;
        IpAddress source;
        const char* code;
        const char* reason;
    } situations[] = {
        {"a source of another host", tunnel_interface, IpAddress::v4(192, 0, 2, 77), "ERROR_NOT_FOUND",
         "does not have that address"},
        {"no such interface", 987654, physical.address.address, "ERROR_NOT_FOUND", "tunnel is up"},
        {"the tunnel's interface owns the source", physical.interface_index, physical.address.address,
         "ERR_INVALID_TUNNEL", "tunnel interface itself"},
        {"no source", tunnel_interface, IpAddress{}, "ERR_INVALID_TUNNEL", "source"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        Tunnel bad = tunnel();
        bad.interface_index = situation.interface_index;
        bad.source4 = situation.source;
        const auto outcome = publish_tunnel(bad);
        CAPTURE(message_of(outcome));
        CHECK(code_of(outcome) == situation.code);
        CHECK(contains(message_of(outcome), situation.reason));
        CHECK(list_tunnels()->empty());
    }
}
