// What runtimes ask of a socket before it sends or connects, each in the order in which they ask. All of them mean no
// address by it, so that a rule still has its say.
#include <doctest/doctest.h>
#include <windows.h>
#include <ws2spi.h>

#include <cstring>

#include "control_record.hpp"
#include "extension.hpp"
#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

int base_handle(SOCKET s, DWORD code) {
    SOCKET base = INVALID_SOCKET;
    DWORD bytes = 0;
    if (WSAIoctl(s, code, nullptr, 0, &base, sizeof(base), &bytes, nullptr, nullptr) != 0) return WSAGetLastError();
    return base == s ? 0 : -1;
}

WSAPROTOCOL_INFOW protocol_info(SOCKET s) {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    REQUIRE(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0);
    return info;
}

// The catalog's entries for such sockets: the first is ours, the last the base provider's.
std::vector<WSAPROTOCOL_INFOW> entries_of(int type, int protocol) {
    DWORD bytes = 0;
    int error = 0;
    WSCEnumProtocols(nullptr, nullptr, &bytes, &error);
    std::vector<WSAPROTOCOL_INFOW> all(bytes / sizeof(WSAPROTOCOL_INFOW));
    const int count = WSCEnumProtocols(nullptr, all.data(), &bytes, &error);
    std::vector<WSAPROTOCOL_INFOW> result;
    for (int i = 0; i < count; ++i) {
        if (all[i].iAddressFamily == AF_INET && all[i].iSocketType == type && all[i].iProtocol == protocol &&
            all[i].ProtocolChain.ChainLen != 0) {
            result.push_back(all[i]);
        }
    }
    return result;
}

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("Java's channels: a name before the connect, and the port that it told afterwards") {
    const PublishedTunnel tunnel;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        CAPTURE(type);
        TcpTarget listener(target_address);
        UdpTarget receiver(target_address);
        const Socket s(type, 0);
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        const int told = local_port(s);
        CHECK(told > 0);
        CHECK(local_port(s) == told);
        CHECK(local_address(s) == "0.0.0.0");
        // Nobody else gets it meanwhile.
        const Socket other(type, 0);
        CHECK(bind_to(other, "0.0.0.0", told) == WSAEADDRINUSE);
        const Recording recording;
        const int port = type == SOCK_STREAM ? listener.port() : receiver.port();
        REQUIRE((type == SOCK_STREAM ? connect_ex_to(s, target_address, port) : connect_to(s, target_address, port)) ==
                0);
        if (type == SOCK_STREAM) setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
        CHECK(local_address(s) == physical_address);
        CHECK(local_port(s) == told);
        CHECK(recording.find({"\"call\":\"bind\"", physical_address, "\"port\":" + std::to_string(told)}) !=
              Recording::npos);
    }
}

TEST_CASE("a told port is free again when its socket is closed, and is the socket's own when it is bound after all") {
    const PublishedTunnel tunnel;
    int told = 0;
    {
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        told = local_port(s);
    }
    const Socket again = udp();
    CHECK(bind_to(again, "0.0.0.0", told) == 0);
    const Socket server = tcp();
    REQUIRE(bind_to(server, "0.0.0.0", 0) == 0);
    told = local_port(server);
    REQUIRE(listen(server, 1) == 0);
    CHECK(local_port(server) == told);
    const Socket client = tcp();
    CHECK(connect_to(client, "127.0.0.1", told) == 0);
}

TEST_CASE("pollers: the base handle before the connect leaves the rule its say") {
    const PublishedTunnel tunnel;
    for (const DWORD code : {DWORD{SIO_BASE_HANDLE}, DWORD{SIO_BSP_HANDLE_POLL}}) {
        CAPTURE(code);
        UdpTarget target(target_address);
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        const int asked = base_handle(s, code);
        CHECK((asked == 0 || code != DWORD{SIO_BASE_HANDLE}));
        REQUIRE(connect_to(s, target_address, target.port()) == 0);
        CHECK(local_address(s) == physical_address);
    }
    const Socket stream = tcp();
    REQUIRE(bind_to(stream, "0.0.0.0", 0) == 0);
    CHECK(base_handle(stream, SIO_BASE_HANDLE) == 0);
    Sleep(300);
    TcpTarget listener(target_address);
    REQUIRE(connect_to(stream, target_address, listener.port()) == 0);
    CHECK(listener.accepted_from() == physical_address);
}

TEST_CASE("pollers: a datagram socket that does not connect is bound a tenth of a second later, and receives") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s = udp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    const int told = local_port(s);
    const std::string own = "\"socket\":" + std::to_string(static_cast<SOCKET>(s)) + ",";
    REQUIRE(base_handle(s, SIO_BASE_HANDLE) == 0);
    CHECK(recording.find({"\"call\":\"bind\"", own}) == Recording::npos);
    const ULONGLONG end = GetTickCount64() + 5000;
    while (recording.find({"\"call\":\"bind\"", own, "0.0.0.0"}) == Recording::npos && GetTickCount64() < end)
        Sleep(10);
    CHECK(recording.find({"\"call\":\"bind\"", own, "0.0.0.0"}) != Recording::npos);
    CHECK(local_port(s) == told);
    const Socket sender = udp();
    REQUIRE(send_to(sender, "127.0.0.1", told) == 0);
    char byte = 0;
    CHECK(recv(s, &byte, 1, 0) != 0);
}

TEST_CASE("pollers: thousands of sockets that are closed before their time leave nothing behind") {
    const PublishedTunnel tunnel;
    DWORD before = 0;
    GetProcessHandleCount(GetCurrentProcess(), &before);
    for (int i = 0; i < 2000; ++i) {
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        if (i % 2 == 0) CHECK(local_port(s) > 0);
        REQUIRE(base_handle(s, SIO_BASE_HANDLE) == 0);
    }
    Sleep(500);
    DWORD after = 0;
    GetProcessHandleCount(GetCurrentProcess(), &after);
    CHECK(after < before + 50);
}

TEST_CASE("libuv: the base provider's id and chain, and our entry's number, which ws2_32 goes by") {
    const PublishedTunnel tunnel;
    for (const auto& [type, protocol] : {std::pair{SOCK_STREAM, int{IPPROTO_TCP}}, {SOCK_DGRAM, int{IPPROTO_UDP}}}) {
        CAPTURE(type);
        const auto entries = entries_of(type, protocol);
        REQUIRE(entries.size() >= 2);
        const Socket s(type, protocol);
        const WSAPROTOCOL_INFOW info = protocol_info(s);
        CHECK(IsEqualGUID(info.ProviderId, entries.back().ProviderId));
        CHECK(info.ProtocolChain.ChainLen == 1);
        CHECK(std::wcscmp(info.szProtocol, entries.back().szProtocol) == 0);
        CHECK(info.dwCatalogEntryId == entries.front().dwCatalogEntryId);
        CHECK(info.dwCatalogEntryId != entries.back().dwCatalogEntryId);
        // Given back to WSASocket it makes a socket of ours.
        WSAPROTOCOL_INFOW copy = info;
        const Socket twin(
            WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &copy, 0, WSA_FLAG_OVERLAPPED));
        REQUIRE(static_cast<SOCKET>(twin) != INVALID_SOCKET);
        if (type != SOCK_STREAM) continue;
        TcpTarget listener(target_address);
        REQUIRE(connect_to(twin, target_address, listener.port()) == 0);
        CHECK(listener.accepted_from() == physical_address);
    }
}

TEST_CASE(
    "libuv: a datagram socket that is asked for its protocol is bound at once, because it receives behind our back") {
    const PublishedTunnel tunnel;
    for (const bool asked_first : {true, false}) {
        CAPTURE(asked_first);
        const Recording recording;
        const Socket s = udp();
        if (asked_first) protocol_info(s);
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        if (!asked_first) protocol_info(s);
        CHECK(recording.calls("bind").size() == 1);
    }
}

TEST_CASE("quinn: overlapped datagrams with control data of their own, more at once than there is room for") {
    const PublishedTunnel tunnel;
    const Socket s = udp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    const auto send = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    REQUIRE((send != nullptr));
    ControlRecord control(ip_ecn, 4);
    char data[] = "hello";
    WSABUF buffer{5, data};
    sockaddr_in name = address(target_address, 9);
    constexpr int count = 200;
    static WSAOVERLAPPED overlapped[count];
    const Recording recording;
    for (WSAOVERLAPPED& each : overlapped) {
        each = {};
        each.hEvent = WSACreateEvent();
        WSAMSG message{};
        message.name = reinterpret_cast<sockaddr*>(&name);
        message.namelen = sizeof(name);
        message.lpBuffers = &buffer;
        message.dwBufferCount = 1;
        message.Control = control.buffer();
        const int result = send(s, &message, 0, nullptr, &each, nullptr);
        CHECK((result == 0 || WSAGetLastError() == WSA_IO_PENDING));
    }
    for (WSAOVERLAPPED& each : overlapped) {
        CHECK(WaitForSingleObject(each.hEvent, 5000) == WAIT_OBJECT_0);
        WSACloseEvent(each.hEvent);
    }
    int with_source = 0;
    for (const std::string& call : recording.calls("WSASendMsg")) {
        if (call.find("\"source\":\"11.22.33.44\"") != std::string::npos) ++with_source;
    }
    // The base provider ends each at once, so that there is always room.
    CHECK(with_source == count);
}

TEST_SUITE_END();
