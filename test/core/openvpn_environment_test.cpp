#include "core/openvpn_environment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support.hpp"

using namespace lsp;
using support::address;
using support::prefix;

namespace {

using Parsed = std::variant<OpenVpnTunnel, OpenVpnEnvironmentError>;

Parsed parse(std::vector<std::string> variables) {
    std::vector<const char*> pointers;
    for (const std::string& variable : variables) pointers.push_back(variable.c_str());
    pointers.push_back(nullptr);
    return parse_openvpn_environment(pointers.data());
}

const std::vector<std::string> good = {"dev=tun0",
                                       "ifconfig_local=128.129.0.2",
                                       "ifconfig_netmask=255.255.255.0",
                                       "OPENVPN_clientip=11.22.33.44",
                                       "trusted_ip=11.22.33.1"};

// The good environment with one variable replaced, or taken away.
std::vector<std::string> with(const std::string& name, const char* value) {
    std::vector<std::string> result;
    for (const std::string& variable : good) {
        if (variable.rfind(name + "=", 0) != 0) result.push_back(variable);
    }
    if (value != nullptr) result.push_back(name + "=" + value);
    return result;
}

}  // namespace

TEST_SUITE_BEGIN("OpenVPN environment");

TEST_CASE("a complete environment describes the tunnel") {
    const Parsed parsed = parse(good);
    REQUIRE(std::holds_alternative<OpenVpnTunnel>(parsed));
    const auto& tunnel = std::get<OpenVpnTunnel>(parsed);
    CHECK(tunnel.device == "tun0");
    CHECK(tunnel.address4 == prefix("128.129.0.2/24"));
    CHECK(tunnel.physical == address("11.22.33.44"));
    CHECK(tunnel.server == address("11.22.33.1"));
}

TEST_CASE("what may be absent may be absent") {
    for (const char* const name : {"dev", "OPENVPN_clientip", "trusted_ip"}) {
        CAPTURE(std::string(name));
        CHECK(std::holds_alternative<OpenVpnTunnel>(parse(with(name, nullptr))));
    }
}

TEST_CASE("of repeated names the last counts") {
    auto variables = good;
    variables.push_back("OPENVPN_clientip=11.22.33.55");
    const Parsed parsed = parse(variables);
    REQUIRE(std::holds_alternative<OpenVpnTunnel>(parsed));
    CHECK(std::get<OpenVpnTunnel>(parsed).physical == address("11.22.33.55"));
}

TEST_CASE("malformed variables publish nothing and are named") {
    const std::string overlong(300, '1');
    struct {
        const char* name;
        const char* value;  // null: missing
    } const bad[] = {
        {"ifconfig_local", nullptr},
        {"ifconfig_local", ""},
        {"ifconfig_local", "not an address"},
        {"ifconfig_local", "128.129.0"},
        {"ifconfig_local", "128.129.0.256"},
        {"ifconfig_local", "fd00::2"},
        {"ifconfig_local", overlong.c_str()},
        {"ifconfig_netmask", nullptr},
        {"ifconfig_netmask", "255.0.255.0"},
        {"ifconfig_netmask", "24"},
        {"OPENVPN_clientip", "11.22.33.44.55"},
        {"OPENVPN_clientip", "fd00::1"},
        {"OPENVPN_clientip", overlong.c_str()},
        {"trusted_ip", "the server"},
    };
    for (const auto& each : bad) {
        CAPTURE(std::string(each.name));
        CAPTURE(std::string(each.value == nullptr ? "(missing)" : each.value));
        const Parsed parsed = parse(with(each.name, each.value));
        REQUIRE(std::holds_alternative<OpenVpnEnvironmentError>(parsed));
        const auto& error = std::get<OpenVpnEnvironmentError>(parsed);
        const bool named = error.variable == each.name || error.message.find(each.name) != std::string::npos;
        CHECK(named);
        CHECK(!error.message.empty());
        CHECK(error.message.find(overlong) == std::string::npos);
    }
}

TEST_CASE("control characters of a value never reach the log") {
    const Parsed parsed = parse(with("OPENVPN_clientip", "1.2.3.4\r\nFORGED LOG LINE\x1b[31m"));
    REQUIRE(std::holds_alternative<OpenVpnEnvironmentError>(parsed));
    const std::string& message = std::get<OpenVpnEnvironmentError>(parsed).message;
    CHECK(std::none_of(message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
}

TEST_CASE("no environment at all") {
    CHECK(std::holds_alternative<OpenVpnEnvironmentError>(parse_openvpn_environment(nullptr)));
    CHECK(std::holds_alternative<OpenVpnEnvironmentError>(parse({})));
    CHECK(std::holds_alternative<OpenVpnEnvironmentError>(parse({"", "=", "novalue", "=ifconfig_local"})));
}

TEST_SUITE_END();
