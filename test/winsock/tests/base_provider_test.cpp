// What the base provider does beyond handing calls to Wine.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "winsock_session.h"

using namespace winsock_test;

namespace {
struct Message {
    Message(const sockaddr_in& destination, const char* source, std::string text)
        : text_(std::move(text)), destination_(destination) {
        auto* header = reinterpret_cast<WSACMSGHDR*>(control_);
        header->cmsg_len = WSA_CMSG_LEN(sizeof(IN_PKTINFO));
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        IN_PKTINFO information{};
        information.ipi_addr.s_addr = inet_addr(source);
        std::memcpy(WSA_CMSG_DATA(header), &information, sizeof information);
        message_.name = reinterpret_cast<sockaddr*>(&destination_);
        message_.namelen = sizeof destination_;
        message_.lpBuffers = &buffer_;
        message_.dwBufferCount = 1;
        buffer_ = {static_cast<ULONG>(text_.size()), text_.data()};
        message_.Control = {static_cast<ULONG>(WSA_CMSG_SPACE(sizeof information)), control_};
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    WSAMSG* get() { return &message_; }

  private:
    std::string text_;
    sockaddr_in destination_;
    WSABUF buffer_;
    alignas(16) char control_[64] = {};
    WSAMSG message_{};
};

struct Received {
    std::string text, source;
    int port;
};

Received receive(SOCKET socket) {
    char data[4096];
    sockaddr_in from{};
    int length = sizeof from;
    DWORD timeout = 5000;
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<char*>(&timeout), sizeof timeout);
    const int size = recvfrom(socket, data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &length);
    REQUIRE(size >= 0);
    return {std::string(data, size), inet_ntoa(from.sin_addr), ntohs(from.sin_port)};
}

int portOf(SOCKET socket) {
    sockaddr_in own{};
    int length = sizeof own;
    getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin_port);
}
}  // namespace

TEST_CASE("WSASendMsg with IP_PKTINFO sends from the named address with the socket's own port") {
    for (Chain chain : allChains) {
        WinsockSession session(chain);
        Socket receiver(SOCK_DGRAM, IPPROTO_UDP), sender(SOCK_DGRAM, IPPROTO_UDP);
        const sockaddr_in to = bindTo(receiver);
        const std::string longText(1400, 'x');
        for (const std::string& text : {std::string(), std::string("odd"), longText}) {
            Message message(to, "127.0.0.5", text);
            DWORD sent = 0;
            REQUIRE(WSASendMsg(sender, message.get(), 0, &sent, nullptr, nullptr) == 0);  // unbound at first: it binds
            CHECK(sent == text.size());
            const Received received = receive(receiver);
            CHECK(received.text == text);
            CHECK(received.source == "127.0.0.5");
            CHECK(received.port == portOf(sender));
        }
    }
}

TEST_CASE("WSASendMsg with IP_PKTINFO completes overlapped requests") {
    WinsockSession session(Chain::base);
    Socket receiver(SOCK_DGRAM, IPPROTO_UDP), sender(SOCK_DGRAM, IPPROTO_UDP);
    const sockaddr_in to = bindTo(receiver);
    Message message(to, "127.0.0.5", "overlapped");
    DWORD sent = 0, flags = 0;

    WSAOVERLAPPED withEvent{};
    withEvent.hEvent = WSACreateEvent();
    const int result = WSASendMsg(sender, message.get(), 0, &sent, &withEvent, nullptr);
    CHECK((result == 0 || WSAGetLastError() == WSA_IO_PENDING));
    CHECK(WSAGetOverlappedResult(sender, &withEvent, &sent, TRUE, &flags));
    CHECK(sent == 10);
    WSACloseEvent(withEvent.hEvent);
    CHECK(receive(receiver).source == "127.0.0.5");

    const HANDLE port = CreateIoCompletionPort(reinterpret_cast<HANDLE>(SOCKET{sender}), nullptr, 7, 1);
    WSAOVERLAPPED withPort{};
    WSASendMsg(sender, message.get(), 0, &sent, &withPort, nullptr);
    ULONG_PTR key = 0;
    OVERLAPPED* completed = nullptr;
    CHECK(GetQueuedCompletionStatus(port, &sent, &key, &completed, 5000));
    CHECK(completed == &withPort);
    CHECK(key == 7);
    CHECK(sent == 10);
    CHECK(receive(receiver).text == "overlapped");
    CloseHandle(port);
}

TEST_CASE("control data that changes, or whose memory goes, after WSASendMsg is told of") {
    enum class Fate { kept, changed, freed };
    wchar_t folder[MAX_PATH], path[MAX_PATH];
    REQUIRE(GetTempPathW(MAX_PATH, folder) != 0);
    // One for all: the base provider opens it once in the process.
    REQUIRE(GetTempFileNameW(folder, L"rec", 0, path) != 0);
    SetEnvironmentVariableW(L"TEST_WINSOCK_RECORD", path);
    SetEnvironmentVariableW(L"TEST_WINSOCK_CHECK_CONTROL", L"1");
    std::size_t before = 0;
    for (Fate fate : {Fate::kept, Fate::changed, Fate::freed}) {
        CAPTURE(static_cast<int>(fate));
        {
            WinsockSession session(Chain::base);
            Socket receiver(SOCK_DGRAM, IPPROTO_UDP), sender(SOCK_DGRAM, IPPROTO_UDP);
            Message message(bindTo(receiver), "127.0.0.5", "text");
            auto* memory = static_cast<char*>(VirtualAlloc(nullptr, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
            std::memcpy(memory, message.get()->Control.buf, message.get()->Control.len);
            message.get()->Control.buf = memory;
            DWORD sent = 0;
            CHECK(WSASendMsg(sender, message.get(), 0, &sent, nullptr, nullptr) == 0);
            if (fate == Fate::changed) memory[WSA_CMSG_LEN(0)] ^= 1;
            // Still reserved, lest something else moves in.
            if (fate == Fate::freed) VirtualFree(memory, 4096, MEM_DECOMMIT);
        }
        std::ifstream file{std::filesystem::path(path)};
        const std::string recording{std::istreambuf_iterator<char>(file), {}};
        const auto has = [&](const char* text) { return recording.find(text, before) != std::string::npos; };
        CHECK(has("control-changed") == (fate != Fate::kept));
        CHECK(has("\"is\":") == (fate == Fate::changed));
        CHECK(has(fate == Fate::kept ? "\"control-checked\",\"count\":1" : "\"control-checked\",\"count\":0"));
        before = recording.size();
    }
    SetEnvironmentVariableW(L"TEST_WINSOCK_RECORD", nullptr);
    SetEnvironmentVariableW(L"TEST_WINSOCK_CHECK_CONTROL", nullptr);
    DeleteFileW(path);
}

TEST_CASE("bind refuses an address that the host does not have, for streams and for datagrams") {
    WinsockSession session(Chain::base);
    for (int type : {SOCK_STREAM, SOCK_DGRAM}) {
        Socket socket(type, 0);
        const sockaddr_in nobodys = loopback("192.0.2.1");  // RFC 5737
        CHECK(bind(socket, asAddress(nobodys), sizeof nobodys) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSAEADDRNOTAVAIL);
        CHECK(bindTo(socket, loopback("127.0.0.5")).sin_port != 0);
    }
}

TEST_CASE("pointers that lead nowhere are WSAEFAULT") {
    for (Chain chain : allChains) {
        WinsockSession session(chain);
        Socket socket(SOCK_DGRAM, IPPROTO_UDP);
        auto* const bad = reinterpret_cast<char*>(16);
        auto* const badAddress = reinterpret_cast<sockaddr*>(bad);
        auto* const badLength = reinterpret_cast<int*>(bad);
        auto* const badBuffer = reinterpret_cast<WSABUF*>(bad);
        const sockaddr_in somewhere = loopback("127.0.0.1", 9);
        sockaddr_in name{};
        DWORD transferred = 0, flags = 0;
        int length = sizeof name;
        const std::pair<const char*, std::function<int()>> calls[] = {
            {"bind", [&] { return bind(socket, badAddress, length); }},
            {"connect", [&] { return connect(socket, badAddress, length); }},
            {"connect to nothing", [&] { return connect(socket, nullptr, length); }},
            {"bind to nothing", [&] { return bind(socket, nullptr, length); }},
            {"sendto", [&] { return sendto(socket, "x", 1, 0, badAddress, length); }},
            {"WSASendTo",
             [&] {
                 return WSASendTo(socket, badBuffer, 1, &transferred, 0, asAddress(somewhere), length, nullptr,
                                  nullptr);
             }},
            {"WSARecv", [&] { return WSARecv(socket, badBuffer, 1, &transferred, &flags, nullptr, nullptr); }},
            {"getsockname", [&] { return getsockname(socket, badAddress, &length); }},
            {"getpeername", [&] { return getpeername(socket, reinterpret_cast<sockaddr*>(&name), badLength); }},
            {"setsockopt", [&] { return setsockopt(socket, SOL_SOCKET, SO_RCVBUF, bad, 4); }},
            {"getsockopt", [&] { return getsockopt(socket, SOL_SOCKET, SO_RCVBUF, bad, &length); }},
            {"ioctl", [&] { return WSAIoctl(socket, FIONBIO, bad, 4, nullptr, 0, &transferred, nullptr, nullptr); }},
            {"WSASendMsg",
             [&] { return WSASendMsg(socket, reinterpret_cast<WSAMSG*>(bad), 0, &transferred, nullptr, nullptr); }},
        };
        for (const auto& [call, perform] : calls) {
            CAPTURE(std::string(call));
            WSASetLastError(0);
            CHECK(perform() == SOCKET_ERROR);
            CHECK(WSAGetLastError() == WSAEFAULT);
        }
    }
}

TEST_CASE("WSASendMsg with IP_PKTINFO refuses an address that the host does not have") {
    WinsockSession session(Chain::base);
    Socket receiver(SOCK_DGRAM, IPPROTO_UDP), sender(SOCK_DGRAM, IPPROTO_UDP);
    Message message(bindTo(receiver), "192.0.2.1", "x");  // RFC 5737: nobody has it
    DWORD sent = 0;
    CHECK(WSASendMsg(sender, message.get(), 0, &sent, nullptr, nullptr) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSAEADDRNOTAVAIL);
}

TEST_CASE("TEST_WINSOCK_NO_SENDMSG: the provider has no WSASendMsg") {
    WinsockSession session(Chain::base);
    Socket socket(SOCK_DGRAM, IPPROTO_UDP);
    CHECK(bool(extension<LPFN_WSASENDMSG>(socket, WSAID_WSASENDMSG)));
    SetEnvironmentVariableW(L"TEST_WINSOCK_NO_SENDMSG", L"1");
    CHECK_FALSE(bool(extension<LPFN_WSASENDMSG>(socket, WSAID_WSASENDMSG)));
    CHECK(WSAGetLastError() == WSAEINVAL);
    CHECK(bool(extension<LPFN_CONNECTEX>(socket, WSAID_CONNECTEX)));
    SetEnvironmentVariableW(L"TEST_WINSOCK_NO_SENDMSG", nullptr);
}

TEST_CASE("TEST_WINSOCK_BASE=null: every call succeeds, on a hundred thousand sockets") {
    SetEnvironmentVariableW(L"TEST_WINSOCK_BASE", L"null");
    for (Chain chain : allChains) {
        WinsockSession session(chain);
        std::vector<SOCKET> sockets;
        const sockaddr_in to = loopback("192.0.2.1", 9);
        LARGE_INTEGER frequency, begin, end;
        QueryPerformanceFrequency(&frequency);
        for (int i = 0; i < 100000; i++) {
            const SOCKET created = ::socket(AF_INET, SOCK_DGRAM, 0);
            if (created == INVALID_SOCKET) break;
            sockets.push_back(created);
        }
        REQUIRE(sockets.size() == 100000);
        int sent = 0;
        QueryPerformanceCounter(&begin);
        for (SOCKET each : sockets) sent += sendto(each, "x", 1, 0, asAddress(to), sizeof to);
        QueryPerformanceCounter(&end);
        CHECK(sent == 100000);
        MESSAGE(
            "sendto ", nameOf(chain), ": ",
            1e9 * static_cast<double>(end.QuadPart - begin.QuadPart) / static_cast<double>(frequency.QuadPart) / 100000,
            " ns");
        WSAPROTOCOL_INFOW info{};
        int length = sizeof info;
        CHECK(getsockopt(sockets.back(), SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0);
        CHECK(info.iProtocol == IPPROTO_UDP);
        for (SOCKET each : sockets) closesocket(each);
        CHECK(connect(Socket(SOCK_STREAM, 0), asAddress(to), sizeof to) == 0);
    }
    SetEnvironmentVariableW(L"TEST_WINSOCK_BASE", nullptr);
}
