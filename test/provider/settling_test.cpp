// A deferred socket (bound to the wildcard, port 0, while a policy is active) must look bound to whoever looks.
#include <doctest/doctest.h>
#include <windows.h>

#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

struct Look {
    const char* name;
    int type;
    int (*call)(SOCKET);  // the Winsock error, 0 for none
    int expected;
};

int error_of(int result) { return result == SOCKET_ERROR ? WSAGetLastError() : 0; }

int set_flag(SOCKET s, int level, int option) {
    const int on = 1;
    return error_of(setsockopt(s, level, option, reinterpret_cast<const char*>(&on), sizeof(on)));
}

int do_not_block(SOCKET s) {
    u_long on = 1;
    return error_of(ioctlsocket(s, FIONBIO, &on));
}

const Look looks[] = {
    {"listen", SOCK_STREAM, [](SOCKET s) { return error_of(listen(s, 5)); }, 0},
    {"recv", SOCK_DGRAM,
     [](SOCKET s) {
         char byte;
         do_not_block(s);
         return error_of(recv(s, &byte, 1, 0));
     },
     WSAEWOULDBLOCK},
    {"recvfrom", SOCK_DGRAM,
     [](SOCKET s) {
         char byte;
         do_not_block(s);
         return error_of(recvfrom(s, &byte, 1, 0, nullptr, nullptr));
     },
     WSAEWOULDBLOCK},
    {"overlapped WSARecvFrom", SOCK_DGRAM,
     [](SOCKET s) {
         static char byte;
         static WSAOVERLAPPED overlapped;
         WSABUF buffer{1, &byte};
         DWORD flags = 0;
         return error_of(WSARecvFrom(s, &buffer, 1, nullptr, &flags, nullptr, nullptr, &overlapped, nullptr));
     },
     WSA_IO_PENDING},
    {"select", SOCK_DGRAM,
     [](SOCKET s) {
         fd_set set;
         FD_ZERO(&set);
         FD_SET(s, &set);
         timeval none{};
         return error_of(select(0, &set, nullptr, nullptr, &none));
     },
     0},
    {"WSAEventSelect", SOCK_DGRAM,
     [](SOCKET s) {
         const WSAEVENT event = WSACreateEvent();
         const int error = error_of(WSAEventSelect(s, event, FD_READ));
         WSACloseEvent(event);
         return error;
     },
     0},
    {"WSADuplicateSocket", SOCK_STREAM,
     [](SOCKET s) {
         WSAPROTOCOL_INFOW info;
         return error_of(WSADuplicateSocketW(s, GetCurrentProcessId(), &info));
     },
     0},
    {"SO_REUSEADDR", SOCK_DGRAM, [](SOCKET s) { return set_flag(s, SOL_SOCKET, SO_REUSEADDR); }, 0},
    {"SO_REUSE_UNICASTPORT", SOCK_STREAM, [](SOCKET s) { return set_flag(s, SOL_SOCKET, SO_REUSE_UNICASTPORT); }, 0},
};

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("whoever looks at a deferred socket finds it bound to the wildcard") {
    const PublishedTunnel tunnel;
    for (const Look& look : looks) {
        CAPTURE(std::string(look.name));
        const Recording recording;
        const Socket s(look.type, 0);
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        REQUIRE(recording.calls("bind").empty());
        CHECK(look.call(s) == look.expected);
        const auto binds = recording.calls("bind");
        REQUIRE(binds.size() == 1);
        CHECK(binds[0].find("\"address\":\"0.0.0.0\"") != std::string::npos);
        CHECK(local_address(s) == "0.0.0.0");
    }
}

// FD_WRITE comes with the bind, and registered I/O goes by no provider.
TEST_CASE("a datagram socket whose program would notice that the bind is put off is bound at once") {
    const PublishedTunnel tunnel;
    const WSAEVENT event = WSACreateEvent();
    for (const bool registered : {false, true}) {
        CAPTURE(registered);
        const Recording recording;
        const Socket s(WSASocketW(AF_INET, SOCK_DGRAM, 0, nullptr, 0, registered ? WSA_FLAG_REGISTERED_IO : 0));
        if (!registered) REQUIRE(WSAEventSelect(s, event, FD_WRITE) == 0);
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        CHECK(recording.calls("bind").size() == 1);
        UdpTarget target(target_address);
        CHECK(send_to(s, target_address, target.port()) == 0);
        CHECK(target.received_from() == physical_address);
    }
    WSACloseEvent(event);
}

TEST_CASE("select of another chain binds a deferred datagram socket too") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket listener = tcp();
    REQUIRE(bind_to(listener, "127.0.0.1", 0) == 0);
    REQUIRE(listen(listener, 1) == 0);
    const Socket s = udp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    fd_set set{};
    FD_SET(listener, &set);
    FD_SET(s, &set);
    timeval none{};
    CHECK(select(0, &set, nullptr, nullptr, &none) == 0);
    CHECK(recording.calls("bind").size() == 2);
    CHECK(local_address(s) == "0.0.0.0");
}

TEST_CASE("a second bind of a deferred socket is WSAEINVAL, as of a bound one") {
    const PublishedTunnel tunnel;
    const Socket s = tcp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    CHECK(bind_to(s, "0.0.0.0", 0) == WSAEINVAL);
    CHECK(bind_to(s, physical_address, 0) == WSAEINVAL);
}

TEST_CASE("nothing is deferred while no policy is active") {
    const Recording recording;
    const Socket s = tcp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    CHECK(recording.calls("bind").size() == 1);
}

TEST_CASE("a socket that was deferred when the tunnel went is bound when it connects") {
    const Socket s = udp();
    {
        const PublishedTunnel tunnel;
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    }
    UdpTarget target(target_address);
    CHECK(send_to(s, target_address, target.port()) == 0);
    CHECK(target.received_from() == target_address);
}

// The naive version dropped the port of such a bind and so broke servers silently.
TEST_CASE("a server's fixed port is taken at bind, so that the second server learns of the first") {
    const PublishedTunnel tunnel;
    const Socket probe = tcp();
    REQUIRE(bind_to(probe, "127.0.0.1", 0) == 0);
    const int port = local_port(probe);
    closesocket(tcp().release());
    const Socket first = tcp();
    REQUIRE(bind_to(first, "0.0.0.0", port + 1) == 0);
    CHECK(local_port(first) == port + 1);
    REQUIRE(listen(first, 5) == 0);
    const Socket second = tcp();
    CHECK(bind_to(second, "0.0.0.0", port + 1) == WSAEADDRINUSE);
}

TEST_SUITE_END();
