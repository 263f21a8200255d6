#include "system/interfaces.hpp"

#include <doctest/doctest.h>

#include "core/readable.hpp"
#include "support.hpp"
#include "system/guid.hpp"
#include "system/interface_names.hpp"
#include "system/ip_helper.hpp"
#include "system/text.hpp"

using namespace lsp;
using namespace lsp::system;

TEST_CASE("the host's addresses are found with their interfaces and prefixes") {
    const auto addresses = interface_addresses();
    REQUIRE_MESSAGE(addresses, message_of(addresses));
    REQUIRE_FALSE(addresses->empty());
    for (const InterfaceAddress& entry : *addresses) {
        CAPTURE(to_string(entry.address));
        CHECK(entry.interface_index != 0);
        CHECK(entry.address.length > 0);
        CHECK(entry.address.length <= entry.address.address.bit_length());
        CHECK(interface_exists(entry.interface_index));
        const auto found = find_address(entry.address.address);
        REQUIRE(found);
        CHECK(*found);
        if (!entry.alias.empty()) CHECK(find_interface({0, narrow(entry.alias)}, *addresses) == entry.interface_index);
    }
}

TEST_CASE("what the host does not have is not found") {
    const auto found = find_address(IpAddress::v4(192, 0, 2, 123));
    REQUIRE(found);
    CHECK_FALSE(*found);
    CHECK_FALSE(interface_exists(987654));
    const std::vector<InterfaceAddress> no_addresses;
    for (const char* name : {"no such interface", "{", "{00000000-0000-0000-0000-000000000000}",
                             "{00000000-0000-0000-0000-00000000000g}"}) {
        CAPTURE(name);
        CHECK(find_interface({0, name}, no_addresses) == 0);
    }
    CHECK(find_interface({0, "", std::uint64_t{71} << 48 | 987654}, no_addresses) == 0);
    CHECK_FALSE(interface_source(987654, Family::ipv4, no_addresses));
}

TEST_CASE("an interface's own address is of the preferred family where it has one") {
    const auto loopback = find_address(IpAddress::v4(127, 0, 0, 1));
    REQUIRE(loopback);
    REQUIRE(*loopback);
    const std::uint32_t index = (*loopback)->interface_index;
    const auto addresses = interface_addresses();
    REQUIRE(addresses);
    CHECK(interface_source(index, Family::ipv4, *addresses) == IpAddress::v4(127, 0, 0, 1));
    CHECK(interface_source(index, Family::ipv6, *addresses));
}

namespace {

// The loopback interface by everything that it can be called.
std::vector<std::string> names_of_loopback() {
    const auto found = find_address(IpAddress::v4(127, 0, 0, 1));
    REQUIRE(found);
    REQUIRE(*found);
    const std::uint32_t index = (*found)->interface_index;
    NET_LUID luid{};
    GUID guid{};
    const HMODULE library = LoadLibraryW(L"iphlpapi.dll");
    const auto to_luid = reinterpret_cast<decltype(&ConvertInterfaceIndexToLuid)>(
        reinterpret_cast<void*>(GetProcAddress(library, "ConvertInterfaceIndexToLuid")));
    const auto to_guid = reinterpret_cast<decltype(&ConvertInterfaceLuidToGuid)>(
        reinterpret_cast<void*>(GetProcAddress(library, "ConvertInterfaceLuidToGuid")));
    REQUIRE((to_luid != nullptr));
    REQUIRE((to_guid != nullptr));
    REQUIRE(to_luid(index, &luid) == NO_ERROR);
    REQUIRE(to_guid(&luid, &guid) == NO_ERROR);
    return {std::to_string(index), narrow((*found)->alias), guid_text(guid), std::to_string(luid.Value)};
}

Vector<Rule> rules_of(const std::vector<std::string>& lines) {
    auto parsed = parse_rules(lines);
    REQUIRE(std::holds_alternative<Vector<Rule>>(parsed));
    return std::get<Vector<Rule>>(parsed);
}

}  // namespace

// The server is reached over IPv6, say, and the tunnel is for IPv4 only.
TEST_CASE("a tunnel's source is of a family that it has, whatever family is preferred") {
    const std::vector<InterfaceAddress> both = {{5, *parse_prefix("2001:db8::44/64"), L"Ethernet"},
                                                {5, *parse_prefix("11.22.33.44/24"), L"Ethernet"},
                                                {6, *parse_prefix("2001:db8:1::44/64"), L"Wi-Fi"}};
    const Prefix ipv4 = *parse_prefix("10.8.0.2/24"), ipv6 = *parse_prefix("fd00::2/64");
    const struct {
        const char* what;
        Prefix address4, address6;
        std::uint32_t interface_index;
        Family preferred;
        const char* source;  // null: none
    } situations[] = {
        {"a tunnel for IPv4, a server over IPv6", ipv4, {}, 5, Family::ipv6, "11.22.33.44"},
        {"the other way round", {}, ipv6, 5, Family::ipv4, "2001:db8::44"},
        {"a tunnel for both takes the preferred", ipv4, ipv6, 5, Family::ipv6, "2001:db8::44"},
        {"likewise IPv4", ipv4, ipv6, 5, Family::ipv4, "11.22.33.44"},
        {"an interface without IPv4", ipv4, {}, 6, Family::ipv6, nullptr},
        {"no interface", ipv4, {}, 0, Family::ipv4, nullptr},
    };
    for (const auto& each : situations) {
        CAPTURE(each.what);
        Tunnel tunnel;
        tunnel.address4 = each.address4;
        tunnel.address6 = each.address6;
        const IpAddress expected = each.source == nullptr ? IpAddress{} : *parse_address(each.source);
        CHECK(tunnel_source(tunnel, each.interface_index, each.preferred, both) == expected);
    }
}

TEST_CASE("rules: an interface is found by index, alias, GUID and LUID") {
    const auto index = static_cast<std::uint32_t>(std::stoul(names_of_loopback()[0]));
    for (const std::string& name : names_of_loopback()) {
        CAPTURE(name);
        Vector<Rule> rules = rules_of({"via " + name + " source interface " + name});
        CHECK(resolve_interfaces(rules));
        CHECK(rules[0].via.index == index);
        CHECK(rules[0].interface_name.index == index);
        CHECK(rules[0].source == IpAddress::v4(127, 0, 0, 1));
    }
}

TEST_CASE("rules: resolving again tells what changed meanwhile, and nothing else") {
    const std::vector<std::string> names = names_of_loopback();
    Vector<Rule> rules = rules_of({"via " + names[1] + " keep", "source interface " + names[0],
                                   "via \"no such interface\" keep", "source interface 987654"});
    const Vector<Rule> as_parsed = rules;
    CHECK(resolve_interfaces(rules));
    const Vector<Rule> resolved = rules;
    CHECK_FALSE(resolve_interfaces(rules));
    CHECK(rules == resolved);
    CHECK(rules[2] == as_parsed[2]);
    CHECK_FALSE(rules[3].source);
    // As if it had had another index, and another address, before.
    rules[0].via.index += 7;
    CHECK(resolve_interfaces(rules));
    rules[1].source = IpAddress::v4(192, 0, 2, 1);
    CHECK(resolve_interfaces(rules));
    CHECK(rules == resolved);
    // What the host no longer has matches nothing any more.
    rules[2].via.index = 7;
    rules[3].source = IpAddress::v4(192, 0, 2, 1);
    CHECK(resolve_interfaces(rules));
    CHECK(rules == resolved);
}

TEST_CASE("rules: only those that name interfaces follow the host") {
    CHECK_FALSE(follow_interfaces({}));
    CHECK_FALSE(follow_interfaces(rules_of({"via 12 source 192.0.2.1", "refuse"})));
    CHECK(follow_interfaces(rules_of({"refuse", "source interface 12"})));
    CHECK(follow_interfaces(rules_of({"via Ethernet keep"})));
    CHECK(follow_interfaces(rules_of({"via 1689399632855040 keep"})));
}
