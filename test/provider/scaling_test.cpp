// Over the null base provider (TEST_WINSOCK_BASE=null), whose calls cost next to nothing, so that ours are what is
// measured.
#include <doctest/doctest.h>
#include <windows.h>

#include <algorithm>
#include <vector>

#include "fixture.hpp"

using namespace test;

namespace {

// Best of several rounds, in nanoseconds for each sendto on the same socket.
double cost_of_send(SOCKET s) {
    constexpr int rounds = 7;
    constexpr int sends = 2000;
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    double best = 1e12;
    for (int round = 0; round < rounds; ++round) {
        LARGE_INTEGER begin;
        LARGE_INTEGER end;
        QueryPerformanceCounter(&begin);
        for (int i = 0; i < sends; ++i) send_to(s, physical_address, 9);
        QueryPerformanceCounter(&end);
        best = std::min(best, static_cast<double>(end.QuadPart - begin.QuadPart) * 1e9 /
                                  static_cast<double>(frequency.QuadPart) / sends);
    }
    return best;
}

}  // namespace

TEST_SUITE_BEGIN("null");

// The naive version walked a list of sockets: 340 times as long with 10 000 of them. A ratio of two measurements of one
// run, with room for a busy machine, tells the two apart.
TEST_CASE("a datagram costs the same with 10 000 other sockets as with none") {
    const Socket s = udp();
    REQUIRE(send_to(s, physical_address, 9) == 0);
    const double alone = cost_of_send(s);
    std::vector<SOCKET> others;
    for (int i = 0; i < 10000; ++i) others.push_back(udp().release());
    const double among_many = cost_of_send(s);
    const Socket youngest = udp();
    const double last_of_many = cost_of_send(youngest);
    MESSAGE("sendto: ", alone, " ns alone, ", among_many, " ns among 10 000, ", last_of_many,
            " ns as the last of them");
    CHECK(among_many < 20 * alone);
    CHECK(last_of_many < 20 * alone);
    for (const SOCKET other : others) closesocket(other);
}

TEST_SUITE_END();
