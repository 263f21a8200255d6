#include "system/interfaces.hpp"

#include <doctest/doctest.h>

#include "support.hpp"
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
        if (!entry.alias.empty()) CHECK(find_interface(narrow(entry.alias)) == entry.interface_index);
    }
}

TEST_CASE("what the host does not have is not found") {
    const auto found = find_address(IpAddress::v4(192, 0, 2, 123));
    REQUIRE(found);
    CHECK_FALSE(*found);
    CHECK_FALSE(interface_exists(987654));
    for (const char* name : {"", "no such interface", "{", "{00000000-0000-0000-0000-000000000000}",
                             "{00000000-0000-0000-0000-00000000000g}"}) {
        CAPTURE(name);
        CHECK(find_interface(name) == 0);
    }
    CHECK_FALSE(interface_source(987654, Family::ipv4));
}

TEST_CASE("an interface's own address is of the preferred family where it has one") {
    const auto loopback = find_address(IpAddress::v4(127, 0, 0, 1));
    REQUIRE(loopback);
    REQUIRE(*loopback);
    const std::uint32_t index = (*loopback)->interface_index;
    CHECK(interface_source(index, Family::ipv4) == IpAddress::v4(127, 0, 0, 1));
    CHECK(interface_source(index, Family::ipv6));
}
