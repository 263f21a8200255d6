#include "system/routes.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/readable.hpp"
#include "support.hpp"
#include "system/interfaces.hpp"

using namespace lsp;
using namespace lsp::system;

TEST_CASE("the best route to an own address leads back to it") {
    const auto route = best_route(IpAddress::v4(127, 0, 0, 1));
    REQUIRE_MESSAGE(route, message_of(route));
    CHECK(route->source == IpAddress::v4(127, 0, 0, 1));
    CHECK(route->interface_index != 0);
    CHECK((std::string(route->oracle) == "GetBestRoute" || std::string(route->oracle) == "GetBestRoute2"));
}

TEST_CASE("the best route to a neighbour leaves from the interface's own address") {
    const auto addresses = interface_addresses();
    REQUIRE(addresses);
    int tried = 0;
    for (const InterfaceAddress& own : *addresses) {
        const Prefix& prefix = own.address;
        if (prefix.address.family != Family::ipv4 || prefix.address.is_loopback() || prefix.length > 29) continue;
        IpAddress neighbour = prefix.network();
        neighbour.bytes[3] = static_cast<std::uint8_t>(neighbour.bytes[3] | 5);
        if (neighbour == prefix.address) neighbour.bytes[3] ^= 3;
        CAPTURE(to_string(prefix));
        BestRoute route;
        REQUIRE(best_route(neighbour, route) == 0);
        CHECK(route.interface_index == own.interface_index);
        CHECK(prefix.contains(route.source));
        CHECK(route.next_hop.is_unspecified());
        ++tried;
    }
    if (tried == 0) MESSAGE("this host has no IPv4 network");
}

TEST_CASE("no address has no route") {
    BestRoute route;
    CHECK(best_route(IpAddress{}, route) == ERROR_INVALID_PARAMETER);
    CHECK(route.interface_index == 0);
    const auto result = best_route(IpAddress{});
    CHECK(code_of(result) == "ERROR_INVALID_PARAMETER");
    CHECK(contains(message_of(result), "Give an IPv4 or IPv6 address."));
}

TEST_CASE("an IPv6 destination has a route or an error with a reason") {
    const auto route = best_route(*parse_address("2001:db8::1"));
    if (!route) CHECK(contains(message_of(route), "2001:db8::1"));
}
