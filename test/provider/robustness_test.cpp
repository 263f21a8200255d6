#include <doctest/doctest.h>
#include <windows.h>

#include <vector>

#include "fixture.hpp"

using namespace test;

namespace {

const sockaddr* const bad_name = reinterpret_cast<const sockaddr*>(std::uintptr_t{16});

struct BadCall {
    const char* name;
    int type;
    int (*call)(SOCKET);
};

int error_of(int result) { return result == SOCKET_ERROR ? WSAGetLastError() : 0; }

const BadCall bad_calls[] = {
    {"bind, bad pointer", SOCK_STREAM, [](SOCKET s) { return error_of(bind(s, bad_name, 16)); }},
    {"bind, null", SOCK_STREAM, [](SOCKET s) { return error_of(bind(s, nullptr, 16)); }},
    {"bind, too short", SOCK_STREAM,
     [](SOCKET s) {
         const sockaddr_in name = address("0.0.0.0", 0);
         return error_of(bind(s, reinterpret_cast<const sockaddr*>(&name), 4));
     }},
    {"connect, null", SOCK_STREAM, [](SOCKET s) { return error_of(connect(s, nullptr, 16)); }},
    {"connect, too short", SOCK_STREAM,
     [](SOCKET s) {
         const sockaddr_in name = address(target_address, 9);
         return error_of(connect(s, reinterpret_cast<const sockaddr*>(&name), 7));
     }},
    {"connect, another family", SOCK_STREAM,
     [](SOCKET s) {
         sockaddr_in6 name{};
         name.sin6_family = AF_INET6;
         return error_of(connect(s, reinterpret_cast<const sockaddr*>(&name), sizeof(name)));
     }},
    {"sendto, too short", SOCK_DGRAM,
     [](SOCKET s) {
         const sockaddr_in name = address(target_address, 9);
         return error_of(sendto(s, "x", 1, 0, reinterpret_cast<const sockaddr*>(&name), 3));
     }},
    {"sendto, null", SOCK_DGRAM, [](SOCKET s) { return error_of(sendto(s, "x", 1, 0, nullptr, 0)); }},
    {"SIO_GET_EXTENSION_FUNCTION_POINTER, output too small", SOCK_STREAM,
     [](SOCKET s) {
         GUID id = WSAID_CONNECTEX;
         char out = 0;
         DWORD bytes = 0;
         return error_of(
             WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &out, 1, &bytes, nullptr, nullptr));
     }},
    {"SO_PROTOCOL_INFO, buffer too small", SOCK_STREAM,
     [](SOCKET s) {
         char out[8];
         int length = sizeof(out);
         return error_of(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, out, &length));
     }},
};

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("what is wrong with a call is told by the same error with us and without") {
    std::vector<int> without;
    for (const BadCall& bad : bad_calls) without.push_back(bad.call(Socket(bad.type, 0)));
    const PublishedTunnel tunnel;
    for (std::size_t i = 0; i < std::size(bad_calls); ++i) {
        CAPTURE(std::string(bad_calls[i].name));
        CHECK(bad_calls[i].call(Socket(bad_calls[i].type, 0)) == without[i]);
    }
}

TEST_CASE("an address that cannot be read is WSAEFAULT from our own hooks, not a crash") {
    const PublishedTunnel tunnel;
    // Wine's own connect would crash on this pointer where Windows says WSAEFAULT; ours reads it first and survives,
    // which is all that can be seen here: the call goes on to the base provider only for what could be read.
    const Socket s = udp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    const void* const unreadable = VirtualAlloc(nullptr, 4096, MEM_RESERVE, PAGE_NOACCESS);
    REQUIRE(unreadable != nullptr);
    const int error = error_of(connect(s, static_cast<const sockaddr*>(unreadable), sizeof(sockaddr_in)));
    CHECK(error == WSAEFAULT);
    VirtualFree(const_cast<void*>(unreadable), 0, MEM_RELEASE);
}

TEST_CASE("calls on handles that are closed, foreign or never seen") {
    const PublishedTunnel tunnel;
    const SOCKET closed = tcp().release();
    closesocket(closed);
    CHECK(bind_to(closed, "0.0.0.0", 0) == WSAENOTSOCK);
    CHECK(connect_to(closed, target_address, 9) == WSAENOTSOCK);
    const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    CHECK(connect_to(reinterpret_cast<SOCKET>(event), target_address, 9) == WSAENOTSOCK);
    CloseHandle(event);
    CHECK(send_to(0x7ffffff0, target_address, 9) == WSAENOTSOCK);
    CHECK(send_to(INVALID_SOCKET, target_address, 9) == WSAENOTSOCK);
}

TEST_CASE("a handle value that comes back after CloseHandle carries nothing of the old socket") {
    const PublishedTunnel tunnel;
    TcpTarget target(target_address);
    for (int round = 0; round < 20; ++round) {
        const SOCKET old = tcp().release();
        REQUIRE(bind_to(old, "0.0.0.0", 0) == 0);  // deferred
        CloseHandle(reinterpret_cast<HANDLE>(old));
        const Socket s = tcp();
        REQUIRE(bind_to(s, virtual_address, 0) == 0);  // WSAEINVAL if it were still called deferred
        REQUIRE(connect_to(s, target_address, target.port()) == 0);
        CHECK(target.accepted_from() == virtual_address);
    }
}

TEST_CASE("WSAStartup and WSACleanup again and again, with an extension function kept from before") {
    const PublishedTunnel tunnel;
    TcpTarget target(target_address);
    for (int round = 0; round < 50; ++round) {
        WSADATA data;
        REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
        const Socket s = tcp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        REQUIRE(connect_ex_to(s, target_address, target.port()) == 0);
        CHECK(target.accepted_from() == physical_address);
        WSACleanup();
    }
}

// The naive version had one "next" table for all chains.
TEST_CASE("each protocol chain reaches its own lower provider") {
    const Socket stream = tcp();
    const Socket datagram = udp();
    const Socket stream6(WSASocketW(AF_INET6, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED));
    struct Expected {
        SOCKET s;
        int family, type;
    };
    for (const Expected& expected : {Expected{stream, AF_INET, SOCK_STREAM}, Expected{datagram, AF_INET, SOCK_DGRAM},
                                     Expected{stream6, AF_INET6, SOCK_STREAM}}) {
        WSAPROTOCOL_INFOW info{};
        int length = sizeof(info);
        REQUIRE(getsockopt(expected.s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0);
        CHECK(info.iAddressFamily == expected.family);
        CHECK(info.iSocketType == expected.type);
        CHECK(info.ProtocolChain.ChainLen == 1);               // the base provider's, for libuv's fast path
        CHECK((info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0);  // libuv looks here
        WSAPROTOCOL_INFOA narrow{};
        length = sizeof(narrow);
        REQUIRE(getsockopt(expected.s, SOL_SOCKET, SO_PROTOCOL_INFOA, reinterpret_cast<char*>(&narrow), &length) == 0);
        CHECK(narrow.dwCatalogEntryId == info.dwCatalogEntryId);
        CHECK(std::string(narrow.szProtocol).find("winsock-lsp") == std::string::npos);
    }
}

TEST_SUITE_END();
