#include "core/openvpn_environment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <variant>
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

const std::vector<std::string> good = {"dev=tun0", "ifconfig_local=128.129.0.2", "ifconfig_netmask=255.255.255.0",
                                       "OPENVPN_clientip=11.22.33.44", "trusted_ip=11.22.33.1"};

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

TEST_CASE("an empty clientip is none") {
    const Parsed parsed = parse(with("OPENVPN_clientip", ""));
    REQUIRE(std::holds_alternative<OpenVpnTunnel>(parsed));
    CHECK_FALSE(std::get<OpenVpnTunnel>(parsed).physical);
}

TEST_CASE("a restart is told from a start") {
    for (const char* const context : {"restart", "init", static_cast<const char*>(nullptr)}) {
        const Parsed parsed = parse(with("script_context", context));
        REQUIRE(std::holds_alternative<OpenVpnTunnel>(parsed));
        CHECK(std::get<OpenVpnTunnel>(parsed).restarted == (context != nullptr && std::string(context) == "restart"));
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

TEST_CASE("each shape of a tunnel that OpenVPN describes is understood") {
    const struct {
        const char* shape;
        std::vector<std::string> variables;
        const char* address4;  // null: none
        const char* address6;
        const char* physical;
        const char* server;
    } table[] = {
        {"topology subnet",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.0"},
         "10.8.0.2/24",
         nullptr,
         nullptr,
         nullptr},
        {"netmask of one address",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.255"},
         "10.8.0.2/32",
         nullptr,
         nullptr,
         nullptr},
        {"point to point",
         {"ifconfig_local=10.8.0.6", "ifconfig_remote=10.8.0.5"},
         "10.8.0.6/32",
         nullptr,
         nullptr,
         nullptr},
        {"netmask goes before remote",
         {"ifconfig_local=10.8.0.6", "ifconfig_remote=10.8.0.5", "ifconfig_netmask=255.255.255.252"},
         "10.8.0.6/30",
         nullptr,
         nullptr,
         nullptr},
        {"IPv6 only",
         {"ifconfig_ipv6_local=fd00::2", "ifconfig_ipv6_netbits=64", "OPENVPN_clientip=2001:db8::44"},
         nullptr,
         "fd00::2/64",
         "2001:db8::44",
         nullptr},
        {"IPv6 with its bits", {"ifconfig_ipv6_local=fd00::2/112"}, nullptr, "fd00::2/112", nullptr, nullptr},
        {"IPv6 with its bits twice",
         {"ifconfig_ipv6_local=fd00::2/112", "ifconfig_ipv6_netbits=112"},
         nullptr,
         "fd00::2/112",
         nullptr,
         nullptr},
        {"both families",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.0", "ifconfig_ipv6_local=fd00::2",
          "ifconfig_ipv6_netbits=64", "OPENVPN_clientip=2001:db8::44", "trusted_ip6=2001:db8::1"},
         "10.8.0.2/24",
         "fd00::2/64",
         "2001:db8::44",
         "2001:db8::1"},
        {"a dual-stack server",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.0", "OPENVPN_clientip=::ffff:11.22.33.44",
          "trusted_ip=::ffff:11.22.33.1"},
         "10.8.0.2/24",
         nullptr,
         "11.22.33.44",
         "11.22.33.1"},
        {"trusted_ip goes before trusted_ip6",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.0", "trusted_ip6=2001:db8::1",
          "trusted_ip=11.22.33.1"},
         "10.8.0.2/24",
         nullptr,
         nullptr,
         "11.22.33.1"},
        {"a proxy on this host",
         {"ifconfig_local=10.8.0.2", "ifconfig_netmask=255.255.255.0", "trusted_ip=127.0.0.1"},
         "10.8.0.2/24",
         nullptr,
         nullptr,
         "127.0.0.1"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.shape));
        const Parsed parsed = parse(row.variables);
        const auto* const error = std::get_if<OpenVpnEnvironmentError>(&parsed);
        CAPTURE(error == nullptr ? std::string() : error->variable + ": " + error->message);
        REQUIRE(error == nullptr);
        const auto& tunnel = std::get<OpenVpnTunnel>(parsed);
        CHECK(tunnel.address4 == (row.address4 == nullptr ? Prefix{} : prefix(row.address4)));
        CHECK(tunnel.address6 == (row.address6 == nullptr ? Prefix{} : prefix(row.address6)));
        CHECK(tunnel.physical == (row.physical == nullptr ? IpAddress{} : address(row.physical)));
        CHECK(tunnel.server == (row.server == nullptr ? IpAddress{} : address(row.server)));
    }
}

TEST_CASE("the device has a name and an index, and both may be absent") {
    const struct {
        const char* name;
        const char* value;
        const char* device;
        std::uint32_t index;
    } table[] = {
        {"dev", "OpenVPN Wintun", "OpenVPN Wintun", 0},
        {"dev", "caf\xC3\xA9", "caf\xC3\xA9", 0},
        {"dev_idx", "12", "tun0", 12},
        {"dev_idx", "0", "tun0", 0},
        {"dev_idx", "4294967294", "tun0", 4294967294},
        {"dev_idx", "-1", "tun0", 0},
        {"dev", nullptr, "", 0},
    };
    for (const auto& row : table) {
        const Parsed parsed = parse(with(row.name, row.value));
        REQUIRE(std::holds_alternative<OpenVpnTunnel>(parsed));
        CHECK(std::get<OpenVpnTunnel>(parsed).device == row.device);
        CHECK(std::get<OpenVpnTunnel>(parsed).device_index == row.index);
    }
    CHECK(std::holds_alternative<OpenVpnTunnel>(parse(with("dev", std::string(255, 'x').c_str()))));
    CHECK(std::holds_alternative<OpenVpnEnvironmentError>(parse(with("dev", std::string(256, 'x').c_str()))));
}

TEST_CASE("a rejected variable is named, with what was expected and what to do") {
    const struct {
        const char* name;  // changed in the good environment …
        const char* value;
        const char* variable;  // … and the one that is blamed
        const char* part;      // of the message
    } table[] = {
        {"ifconfig_local", nullptr, "ifconfig_local", "found neither"},
        {"ifconfig_local", "", "ifconfig_local", "empty"},
        {"ifconfig_local", "fd00::2", "ifconfig_local", "expected an IPv4 address, found the IPv6 address fd00::2"},
        {"ifconfig_local", "010.8.0.2", "ifconfig_local", "found \"010.8.0.2\""},
        {"ifconfig_local", "0.0.0.0", "ifconfig_local", "an unspecified address"},
        {"ifconfig_local", "127.0.0.1", "ifconfig_local", "a loopback address"},
        {"ifconfig_local", "224.0.0.1", "ifconfig_local", "a multicast address"},
        {"ifconfig_local", "255.255.255.255", "ifconfig_local", "broadcast"},
        {"ifconfig_netmask", nullptr, "ifconfig_local", "without ifconfig_netmask or ifconfig_remote"},
        {"ifconfig_netmask", "0.0.0.0", "ifconfig_netmask", "contiguous"},
        {"ifconfig_netmask", "0.255.255.255", "ifconfig_netmask", "contiguous"},
        {"ifconfig_netmask", "ffff::", "ifconfig_netmask", "expected an IPv4 address"},
        {"ifconfig_remote", "nobody", "ifconfig_remote", "expected an IPv4 address"},
        {"ifconfig_ipv6_local", "fd00::2", "ifconfig_ipv6_netbits", "found nothing"},
        {"ifconfig_ipv6_local", "10.0.0.1/24", "ifconfig_ipv6_local", "expected an IPv6 address"},
        {"ifconfig_ipv6_local", "fd00::2/129", "ifconfig_ipv6_local", "from 1 to 128"},
        {"ifconfig_ipv6_local", "fd00::2/0", "ifconfig_ipv6_local", "from 1 to 128"},
        {"ifconfig_ipv6_local", "fd00::2/", "ifconfig_ipv6_local", "from 1 to 128"},
        {"ifconfig_ipv6_local", "/64", "ifconfig_ipv6_local", "expected an IPv6 address"},
        {"ifconfig_ipv6_local", "::ffff:1.2.3.4/120", "ifconfig_ipv6_local", "v4-mapped"},
        {"ifconfig_ipv6_netbits", "sixty-four", "ifconfig_ipv6_netbits", "from 1 to 128"},
        {"dev", "", "dev", "empty"},
        {"dev", "tun\x1b", "dev", "control characters"},
        {"dev", "tun\xff", "dev", "not UTF-8"},
        {"dev_idx", "-2", "dev_idx", "expected an interface index"},
        {"dev_idx", "", "dev_idx", "empty"},
        {"dev_idx", "4294967295", "dev_idx", "expected an interface index"},
        {"OPENVPN_clientip", "client.example", "OPENVPN_clientip", "setenv-safe clientip"},
        {"OPENVPN_clientip", "2001:db8::44", "OPENVPN_clientip",
         "expected an IPv4 address, for the tunnel has only IPv4"},
        {"OPENVPN_clientip", "127.0.0.1", "OPENVPN_clientip", "a loopback address"},
        {"OPENVPN_clientip", "169.254.1.1", "OPENVPN_clientip", "a link-local address"},
        {"OPENVPN_clientip", "128.129.0.2", "OPENVPN_clientip", "the tunnel's own"},
        {"OPENVPN_clientip", "240.1.1.1", "OPENVPN_clientip", "a reserved address"},
        {"ifconfig_local", "0.1.1.1", "ifconfig_local", "a reserved address"},
        {"ifconfig_local", "128.129.0.0", "ifconfig_local", "the network's address"},
        {"ifconfig_local", "128.129.0.255", "ifconfig_local", "the broadcast address"},
        {"trusted_ip", "2001:db8::1", "trusted_ip", "expected an IPv4 address"},
        {"trusted_ip6", "11.22.33.1", "trusted_ip6", "expected an IPv6 address"},
    };
    for (const auto& row : table) {
        CAPTURE(std::string(row.name));
        CAPTURE(std::string(row.value == nullptr ? "(missing)" : row.value));
        const Parsed parsed = parse(with(row.name, row.value));
        const auto* const error = std::get_if<OpenVpnEnvironmentError>(&parsed);
        REQUIRE(error != nullptr);
        CAPTURE(error->message);
        CHECK(error->variable == row.variable);
        CHECK(error->message.find(row.part) != std::string::npos);
    }
    const Parsed disagreeing = parse({"ifconfig_ipv6_local=fd00::2/64", "ifconfig_ipv6_netbits=112"});
    REQUIRE(std::holds_alternative<OpenVpnEnvironmentError>(disagreeing));
    CHECK(std::get<OpenVpnEnvironmentError>(disagreeing).message.find("says 112") != std::string::npos);
    const Parsed other_family =
        parse({"ifconfig_ipv6_local=fd00::2", "ifconfig_ipv6_netbits=64", "OPENVPN_clientip=11.22.33.44"});
    REQUIRE(std::holds_alternative<OpenVpnEnvironmentError>(other_family));
    CHECK(std::get<OpenVpnEnvironmentError>(other_family).message.find("has only IPv6") != std::string::npos);
}

TEST_CASE("variables that only look like ours are passed over") {
    for (const char* const other : {"IFCONFIG_LOCAL=x", "ifconfig_local2=x", " ifconfig_local=x", "ifconfig_loca=x",
                                    "clientip=x", "ifconfig_local", "=C:=C:\\", "PATH=\x01\xff", ""}) {
        CAPTURE(std::string(other));
        auto variables = good;
        variables.emplace_back(other);
        CHECK(std::holds_alternative<OpenVpnTunnel>(parse(variables)));
    }
    auto variables = good;
    variables.push_back("X=" + std::string(1'000'000, 'x'));
    CHECK(std::holds_alternative<OpenVpnTunnel>(parse(variables)));
}

TEST_SUITE_END();
