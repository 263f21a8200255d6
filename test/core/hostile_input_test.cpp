// Bytes that nobody meant, under the sanitizers: a parser may reject, and nothing else.
#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "core/openvpn_environment.hpp"
#include "core/policy.hpp"
#include "core/text.hpp"
#include "core/tunnel.hpp"
#include "support.hpp"

using namespace lsp;

namespace {

void parse_everything(const std::string& text) {
    // What is accepted must survive its own printing.
    if (const auto address = parse_address(text)) CHECK(parse_address(to_string(*address)) == address);
    if (const auto prefix = parse_prefix(text)) CHECK(parse_prefix(to_string(*prefix)) == prefix);
    const auto rule = parse_rule(text);
    if (const auto* good = std::get_if<Rule>(&rule)) {
        const auto again = parse_rule(to_string(*good));
        REQUIRE(std::holds_alternative<Rule>(again));
        CHECK(std::get<Rule>(again) == *good);
        CHECK(to_string(std::get<Rule>(again)) == to_string(*good));
    } else {
        CHECK(!std::get<TextError>(rule).message.empty());
    }
    const auto tunnel = parse_tunnel("t", text);
    if (const auto* good = std::get_if<Tunnel>(&tunnel)) {
        const auto again = parse_tunnel("t", to_string(*good));
        REQUIRE(std::holds_alternative<Tunnel>(again));
        CHECK(std::get<Tunnel>(again) == *good);
        CHECK(to_string(std::get<Tunnel>(again)) == to_string(*good));
    }
    const std::string variable = "ifconfig_local=" + text;
    const char* const environment[] = {variable.c_str(), text.c_str(), "ifconfig_netmask=255.255.255.0", nullptr};
    (void)parse_openvpn_environment(environment);
}

const char* const valid[] = {
    "128.129.0.2",
    "fd00:1:2::ffff:1.2.3.4",
    "10.0.0.0/8",
    ("app \"C:\\a b\\*.exe\" to 10.0.0.0/8,1.2.3.4 except 10.1.0.0/16 port 80,443-445 proto tcp via 12 source "
     "11.22.33.44 otherwise refuse"),
    ("interface=12 address=128.129.0.2/24 source=11.22.33.44 otherwise=keep publisher=4711@133000000000000000"),
};

}  // namespace

TEST_SUITE_BEGIN("hostile input");

TEST_CASE("random bytes are rejected or survive a round trip") {
    support::Random random(1);
    for (int i = 0; i < 8000; ++i) parse_everything(random.bytes(60));
}

TEST_CASE("valid texts with damage are rejected or survive a round trip") {
    support::Random random(2);
    for (int i = 0; i < 12000; ++i) {
        const char* const text = random.one_of(valid);
        parse_everything(random.mutated(text));
    }
}

TEST_CASE("a valid environment with damage is rejected without repeating what is unprintable, or understood") {
    support::Random random(4);
    const std::vector<std::string> variables = {"dev=tun0",
                                                "dev_idx=12",
                                                "ifconfig_local=128.129.0.2",
                                                "ifconfig_netmask=255.255.255.0",
                                                "ifconfig_remote=128.129.0.1",
                                                "ifconfig_ipv6_local=fd00::2/64",
                                                "ifconfig_ipv6_netbits=64",
                                                "OPENVPN_clientip=11.22.33.44",
                                                "trusted_ip=11.22.33.1",
                                                "trusted_ip6=2001:db8::1"};
    int understood = 0;
    for (int i = 0; i < 20000; ++i) {
        std::vector<std::string> damaged = variables;
        std::string& victim = damaged[random.below(damaged.size())];
        victim =
            random.chance(90) ? random.mutated(victim) : victim.substr(0, victim.find('=') + 1) + random.bytes(300);
        std::vector<const char*> pointers;
        for (const std::string& variable : damaged) pointers.push_back(variable.c_str());
        pointers.push_back(nullptr);
        const auto parsed = parse_openvpn_environment(pointers.data());
        if (const auto* const error = std::get_if<OpenVpnEnvironmentError>(&parsed)) {
            CHECK(!error->message.empty());
            CHECK(error->message.size() < 400);
            CHECK(!text::find_unprintable(error->message, false));
        } else {
            const auto& tunnel = std::get<OpenVpnTunnel>(parsed);
            const bool has_address = tunnel.address4.address || tunnel.address6.address;
            CHECK(has_address);
            ++understood;
        }
    }
    CHECK(understood > 0);
}

TEST_CASE("what a damaged rule's or tunnel's rejection says stays printable and short") {
    support::Random random(5);
    for (int i = 0; i < 20000; ++i) {
        const std::string text = random.chance(80) ? random.mutated(random.one_of(valid)) : random.bytes(200);
        const auto rule = parse_rule(text);
        const auto tunnel = parse_tunnel("t", text);
        for (const TextError* const error : {std::get_if<TextError>(&rule), std::get_if<TextError>(&tunnel)}) {
            if (error == nullptr) continue;
            CHECK(error->column >= 1);
            CHECK(error->column <= text.size() + 1);
            CHECK(error->message.size() < 400);
            CHECK(!text::find_unprintable(error->message, false));
        }
    }
}

TEST_SUITE_END();
