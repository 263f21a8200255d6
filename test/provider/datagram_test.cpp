#include <doctest/doctest.h>
#include <windows.h>

#include <cstring>

#include "control_record.hpp"
#include "extension.hpp"
#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

int send_msg_to(SOCKET s, const char* to, int port, WSABUF control) {
    char data[] = "hello";
    WSABUF buffer{5, data};
    sockaddr_in name = address(to, port);
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name);
    message.namelen = sizeof(name);
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    message.Control = control;
    DWORD sent = 0;
    const LPFN_WSASENDMSG send = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    REQUIRE((send != nullptr));
    return send(s, &message, 0, &sent, nullptr, nullptr) == 0 ? 0 : WSAGetLastError();
}

}  // namespace

TEST_SUITE_BEGIN("tunnel");

TEST_CASE("each datagram has the source of its destination, and the socket stays bound to the wildcard") {
    const PublishedTunnel tunnel;
    const char* const binds[] = {nullptr, "0.0.0.0"};
    for (const char* const bound : binds) {
        CAPTURE((bound != nullptr));
        const Socket s = udp();
        if (bound != nullptr) REQUIRE(bind_to(s, bound, 0) == 0);
        UdpTarget target(target_address);
        UdpTarget lan(physical_address);
        UdpTarget loopback("127.0.0.1");
        int port = 0;
        for (int round = 0; round < 2; ++round) {
            CHECK(send_to(s, target_address, target.port()) == 0);
            CHECK(target.received_from() == physical_address);
            CHECK(send_to(s, physical_address, lan.port()) == 0);
            CHECK(lan.received_from() == physical_address);
            CHECK(send_to(s, "127.0.0.1", loopback.port()) == 0);
            CHECK(loopback.received_from() == "127.0.0.1");
            CHECK(local_address(s) == "0.0.0.0");
            if (round > 0) CHECK(local_port(s) == port);
            port = local_port(s);
        }
        target.answer();
        char answer[16];
        const DWORD timeout_ms = 1000;
        setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&timeout_ms), sizeof(timeout_ms));
        CHECK(recv(s, answer, sizeof(answer), 0) == 6);
    }
}

TEST_CASE("a datagram socket that the program bound to an address keeps it") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s = udp();
    REQUIRE(bind_to(s, virtual_address, 0) == 0);
    send_to(s, target_address, 9);
    CHECK(recording.calls("WSASendMsg").empty());
    CHECK(recording.calls("sendto").size() == 1);
}

TEST_CASE("source and interface go down as control data") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s = udp();
    REQUIRE(send_to(s, target_address, 9) == 0);
    const auto calls = recording.calls("WSASendMsg");
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].find("\"pktinfo\":{\"source\":\"11.22.33.44\",\"interface\":" + std::to_string(tunnel_interface()) +
                        "}") != std::string::npos);
}

// The differential test shows by the answers to real echo requests that the source is used.
TEST_CASE("each datagram of a raw socket has its source as control data too, unless the program writes the IP header") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s(SOCK_RAW, IPPROTO_ICMP);
    const auto include_header = [&](const char* value, int length) {
        return setsockopt(s, IPPROTO_IP, IP_HDRINCL, value, length) == 0;
    };
    const auto sent_with_source = [&] { return recording.calls("WSASendMsg").size(); };
    const auto sent_plainly = [&] { return recording.calls("sendto").size(); };

    REQUIRE(send_to(s, target_address, 0) == 0);
    REQUIRE(sent_with_source() == 1);
    CHECK(recording.calls("WSASendMsg")[0].find("\"pktinfo\":{\"source\":\"11.22.33.44\",\"interface\":" +
                                                std::to_string(tunnel_interface()) + "}") != std::string::npos);
    REQUIRE(send_to(s, "127.0.0.1", 0) == 0);
    CHECK(sent_plainly() == 1);

    const DWORD on = 1;
    const DWORD off = 0;
    REQUIRE(include_header(reinterpret_cast<const char*>(&on), sizeof(on)));
    send_to(s, target_address, 0);  // five bytes are no header: what comes of it is the system's to say
    CHECK(sent_with_source() == 1);
    CHECK(sent_plainly() == 2);

    REQUIRE(include_header(reinterpret_cast<const char*>(&off), sizeof(off)));
    REQUIRE(send_to(s, target_address, 0) == 0);
    CHECK(sent_with_source() == 2);
}

TEST_CASE("a connected datagram socket is bound to the source before it connects") {
    const PublishedTunnel tunnel;
    for (const bool bound : {false, true}) {
        const Recording recording;
        const Socket s = udp();
        if (bound) REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        CHECK(connect_to(s, target_address, 9) == 0);
        CHECK(recording.find({"\"call\":\"bind\"", physical_address}) <
              recording.find({"\"call\":\"connect\"", target_address}));
        CHECK(local_address(s) == physical_address);
    }
}

TEST_CASE("a pinned socket's pin moves to the interface of each destination, and away for one that needs none") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s = udp();
    REQUIRE(connect_to(s, target_address, 9) == 0);
    REQUIRE(local_address(s) == physical_address);
    UdpTarget lan(physical_address);
    CHECK(send_to(s, physical_address, lan.port()) == 0);
    CHECK(lan.received_from() == physical_address);
    send_to(s, target_address,
            9);  // Linux pins no socket that is bound to an address: what counts is that it was asked
    std::vector<std::string> pins = recording.calls("setsockopt");
    std::erase_if(pins, [](const std::string& line) { return line.find("\"option\":31,") == std::string::npos; });
    REQUIRE(pins.size() == 3);
    const auto value = [](const std::string& line) { return line.substr(line.find("\"value\"")); };
    CHECK(value(pins[1]) == "\"value\":\"00000000\"}");
    CHECK(value(pins[0]) != value(pins[1]));
    CHECK(value(pins[2]) == value(pins[0]));
}

TEST_CASE("an overlapped send completes on its event and on its completion port") {
    const PublishedTunnel tunnel;
    UdpTarget target(target_address);
    const sockaddr_in name = address(target_address, target.port());
    char data[] = "hello";
    WSABUF buffer{5, data};

    SUBCASE("event") {
        const Socket s = udp();
        WSAOVERLAPPED overlapped{};
        overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        const int result = WSASendTo(s, &buffer, 1, nullptr, 0, reinterpret_cast<const sockaddr*>(&name), sizeof(name),
                                     &overlapped, nullptr);
        CHECK((result == 0 || WSAGetLastError() == WSA_IO_PENDING));
        DWORD sent = 0;
        DWORD flags = 0;
        CHECK(WSAGetOverlappedResult(s, &overlapped, &sent, TRUE, &flags));
        CHECK(sent == 5);
        CHECK(target.received_from() == physical_address);
        CloseHandle(overlapped.hEvent);
    }
    SUBCASE("completion port") {
        const Socket s = udp();
        const HANDLE port = CreateIoCompletionPort(reinterpret_cast<HANDLE>(static_cast<SOCKET>(s)), nullptr, 42, 1);
        REQUIRE(port != nullptr);
        WSAOVERLAPPED overlapped{};
        const int result = WSASendTo(s, &buffer, 1, nullptr, 0, reinterpret_cast<const sockaddr*>(&name), sizeof(name),
                                     &overlapped, nullptr);
        CHECK((result == 0 || WSAGetLastError() == WSA_IO_PENDING));
        DWORD sent = 0;
        ULONG_PTR key = 0;
        OVERLAPPED* completed = nullptr;
        CHECK(GetQueuedCompletionStatus(port, &sent, &key, &completed, 2000));
        CHECK(completed == &overlapped);
        CHECK(key == 42);
        CHECK(sent == 5);
        CHECK(target.received_from() == physical_address);
        CloseHandle(port);
    }
}

TEST_CASE("WSASendMsg gets the source, and a program's own control data is kept beside it") {
    const PublishedTunnel tunnel;
    SUBCASE("without control data") {
        UdpTarget target(target_address);
        const Socket s = udp();
        CHECK(send_msg_to(s, target_address, target.port(), {}) == 0);
        CHECK(target.received_from() == physical_address);
    }
    SUBCASE("with the program's own source") {
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        ControlRecord control(IP_PKTINFO, 8);
        const sockaddr_in own = address(virtual_address, 0);
        std::memcpy(control.data, &own.sin_addr, 4);
        const Recording recording;
        send_msg_to(s, target_address, 9, control.buffer());
        const auto calls = recording.calls("WSASendMsg");
        REQUIRE(calls.size() == 1);
        CHECK(calls[0].find("\"source\":\"128.129.0.2\"") != std::string::npos);
    }
    SUBCASE("with other control data") {
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        ControlRecord control(3, 4);  // IP_TOS
        control.data[0] = 7;
        const Recording recording;
        send_msg_to(s, target_address, 9, control.buffer());
        const auto calls = recording.calls("WSASendMsg");
        REQUIRE(calls.size() == 1);
        CHECK(calls[0].find("\"source\":\"11.22.33.44\"") != std::string::npos);
        // Ours follows it: the header's type and the value are there.
        CHECK(calls[0].find("0300000007000000") != std::string::npos);
    }
    SUBCASE("with more than there is room for") {
        const Socket s = udp();
        REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
        alignas(8) char much[512]{};
        WSACMSGHDR header{};
        header.cmsg_len = sizeof(much);
        header.cmsg_level = IPPROTO_IP;
        header.cmsg_type = 3;
        std::memcpy(much, &header, sizeof(header));
        const Recording recording;
        send_msg_to(s, target_address, 9, {sizeof(much), much});
        const auto calls = recording.calls("WSASendMsg");
        REQUIRE(calls.size() == 1);
        CHECK(calls[0].find("pktinfo") == std::string::npos);
    }
}

// MSDN: ignored on input. Programs answer with the WSAMSG that WSARecvMsg filled.
TEST_CASE("the message's own flags go down as they are, and are not the call's") {
    const PublishedTunnel tunnel;
    const Socket s = udp();
    char data[] = "hello";
    WSABUF buffer{5, data};
    sockaddr_in name = address(target_address, 9);
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name);
    message.namelen = sizeof(name);
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    message.dwFlags = 0x0700;  // MSG_TRUNC, MSG_CTRUNC, MSG_BCAST
    DWORD sent = 0;
    const Recording recording;
    CHECK(extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG)(s, &message, 0, &sent, nullptr, nullptr) == 0);
    const auto calls = recording.calls("WSASendMsg");
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].find("\"messageFlags\":1792,\"flags\":0") != std::string::npos);
}

TEST_CASE("a source that has just gone: the datagram goes as without us, or is refused") {
    for (const lsp::Otherwise otherwise : {lsp::Otherwise::keep, lsp::Otherwise::refuse}) {
        PublishedTunnel::Options options;
        options.source = "11.22.33.99";
        options.otherwise = otherwise;
        const PublishedTunnel tunnel(options);
        UdpTarget target(target_address);
        const Socket s = udp();
        CHECK(send_to(s, target_address, target.port()) == (otherwise == lsp::Otherwise::keep ? 0 : WSAEADDRNOTAVAIL));
        if (otherwise == lsp::Otherwise::keep) CHECK(target.received_from() != "nobody");
    }
}

TEST_SUITE_END();

// Run with TEST_WINSOCK_NO_SENDMSG=1: a base provider like NT 5's.
TEST_SUITE_BEGIN("nt5");

TEST_CASE("where the lower provider has no WSASendMsg the socket is bound to the source, as connect does") {
    const PublishedTunnel tunnel;
    const Recording recording;
    const Socket s = udp();
    CHECK((extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG) == nullptr));
    send_to(s, target_address, 9);
    CHECK(recording.calls("WSASendMsg").empty());
    CHECK(recording.find({"\"call\":\"bind\"", physical_address}) != Recording::npos);
    CHECK(local_address(s) == physical_address);
}

TEST_SUITE_END();
