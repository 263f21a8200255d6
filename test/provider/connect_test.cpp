#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace test;

namespace {

constexpr DWORD ip_unicast_if = 31;

enum class How { connect, connect_ex };

struct Situation {
    const char* name;
    const char* bound;  // the program's own bind, or null
    bool fixed_port;
    How how;
    const char* destination;
    const char* seen;  // by the target
};

// 54321 is only ever bound here; ephemeral ports end below it on neither system, so it is tried for.
constexpr int fixed_port = 54321;

const Situation with_tunnel[] = {
    {"unbound", nullptr, false, How::connect, target_address, physical_address},
    {"bound to the wildcard", "0.0.0.0", false, How::connect, target_address, physical_address},
    {"ConnectEx after the wildcard bind that it demands", "0.0.0.0", false, How::connect_ex, target_address,
     physical_address},
    {"bound to the virtual address by the program", virtual_address, false, How::connect, target_address,
     virtual_address},
    {"bound to the physical address by the program", physical_address, false, How::connect, target_address,
     physical_address},
    {"ConnectEx, bound to the virtual address by the program", virtual_address, false, How::connect_ex, target_address,
     virtual_address},
    {"to loopback", nullptr, false, How::connect, "127.0.0.1", "127.0.0.1"},
    {"to loopback, ConnectEx", "0.0.0.0", false, How::connect_ex, "127.0.0.1", "127.0.0.1"},
    {"to the physical network", nullptr, false, How::connect, physical_address, physical_address},
    {"to the tunnel's own subnet", nullptr, false, How::connect, virtual_address, virtual_address},
    {"to the tunnel's own subnet, ConnectEx", "0.0.0.0", false, How::connect_ex, virtual_address, virtual_address},
};

std::string seen_by_target(const Situation& situation) {
    TcpTarget target(situation.destination);
    const Socket s = tcp();
    if (situation.bound != nullptr) {
        REQUIRE(bind_to(s, situation.bound, situation.fixed_port ? fixed_port : 0) == 0);
    }
    const int error = situation.how == How::connect ? connect_to(s, situation.destination, target.port())
                                                    : connect_ex_to(s, situation.destination, target.port());
    CHECK(error == 0);
    if (error != 0) return "error " + std::to_string(error);
    const std::string seen = target.accepted_from();
    CHECK(local_address(s) == seen);
    return seen;
}

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("a TCP connection has the source address that the tunnel's rule says, unless the program chose one") {
    const PublishedTunnel tunnel;
    for (const Situation& situation : with_tunnel) {
        CAPTURE(std::string(situation.name));
        CHECK(seen_by_target(situation) == situation.seen);
    }
}

TEST_CASE("without a tunnel every connection has the source that it has without us") {
    for (const Situation& situation : with_tunnel) {
        CAPTURE(std::string(situation.name));
        Situation plain = situation;
        // The target is an address of this same host, so that is what the system itself chooses towards it.
        plain.seen = situation.bound != nullptr && std::string(situation.bound) != "0.0.0.0" ? situation.bound
                                                                                             : situation.destination;
        CHECK(seen_by_target(plain) == plain.seen);
    }
}

TEST_CASE("the socket is pinned to the tunnel interface before it is bound") {
    const PublishedTunnel tunnel;
    TcpTarget target(target_address);
    const Recording recording;
    const Socket s = tcp();
    REQUIRE(connect_to(s, target_address, target.port()) == 0);
    const std::string socket_text = "\"socket\":" + std::to_string(static_cast<SOCKET>(s)) + ",";
    const std::size_t pinned =
        recording.find({"\"call\":\"setsockopt\"", socket_text, "\"level\":0,", "\"option\":31,"});
    const std::size_t bound = recording.find({"\"call\":\"bind\"", socket_text, physical_address});
    const std::size_t connected = recording.find({"\"call\":\"connect\"", socket_text, target_address});
    CHECK(pinned < bound);
    CHECK(bound < connected);
    CHECK(connected != Recording::npos);

    DWORD index = 0;
    int length = sizeof(index);
    if (getsockopt(s, IPPROTO_IP, ip_unicast_if, reinterpret_cast<char*>(&index), &length) == 0) {
        CHECK(ntohl(index) == tunnel_interface());
    }
}

TEST_CASE("a program that chose the interface keeps its choice") {
    const PublishedTunnel tunnel;
    TcpTarget target(target_address);
    const Socket s = tcp();
    const DWORD index = htonl(tunnel_interface());
    REQUIRE(setsockopt(s, IPPROTO_IP, ip_unicast_if, reinterpret_cast<const char*>(&index), sizeof(index)) == 0);
    const Recording recording;
    connect_to(s, target_address, target.port());
    CHECK(recording.calls("bind").empty());
}

TEST_CASE("a socket on a fixed port cannot be bound again: the rule's otherwise says what happens") {
    for (const lsp::Otherwise otherwise : {lsp::Otherwise::keep, lsp::Otherwise::refuse}) {
        PublishedTunnel::Options options;
        options.otherwise = otherwise;
        const PublishedTunnel tunnel(options);
        TcpTarget target(target_address);
        const Socket s = tcp();
        REQUIRE(bind_to(s, "0.0.0.0", fixed_port) == 0);
        const int error = connect_to(s, target_address, target.port());
        CHECK(error == (otherwise == lsp::Otherwise::keep ? 0 : WSAEACCES));
    }
}

TEST_CASE("a source that has just gone: connect as without us, or refuse") {
    for (const lsp::Otherwise otherwise : {lsp::Otherwise::keep, lsp::Otherwise::refuse}) {
        for (const bool bound : {false, true}) {
            PublishedTunnel::Options options;
            options.source = "11.22.33.99";
            options.otherwise = otherwise;
            const PublishedTunnel tunnel(options);
            TcpTarget target(target_address);
            const Socket s = tcp();
            if (bound) REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
            const int error =
                bound ? connect_ex_to(s, target_address, target.port()) : connect_to(s, target_address, target.port());
            CHECK(error == (otherwise == lsp::Otherwise::keep ? 0 : WSAEADDRNOTAVAIL));
            if (error == 0) CHECK(target.accepted_from() != "11.22.33.99");
        }
    }
}

TEST_CASE("ConnectEx on an unbound socket stays the program's error") {
    const PublishedTunnel tunnel;
    TcpTarget target(target_address);
    const Socket s = tcp();
    CHECK(connect_ex_to(s, target_address, target.port()) == WSAEINVAL);
}

namespace {

// A connection that is refused, and then one elsewhere on the same socket: what the system says to the second differs
// from system to system (Windows allows it).
int second_connect() {
    TcpTarget lan(physical_address);
    const Socket s = tcp();
    CHECK(connect_to(s, target_address, 1) == WSAECONNREFUSED);
    return connect_to(s, physical_address, lan.port());
}

}  // namespace

TEST_CASE("after a refused connection the socket does what it does without us") {
    const int without = second_connect();
    const PublishedTunnel tunnel;
    CHECK(second_connect() == without);
}

TEST_CASE("a change of the policy reaches a running program within 100 ms of its next call") {
    for (int round = 0; round < 3; ++round) {
        {
            const PublishedTunnel tunnel;  // waits 70 ms
            CHECK(seen_by_target(with_tunnel[0]) == physical_address);
        }
        CHECK(seen_by_target(with_tunnel[0]) == target_address);
    }
}

TEST_SUITE_END();
