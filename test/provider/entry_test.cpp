// Rules for connections that come in (`in …`): real connections from two addresses of the host, of which one may not.
#include <doctest/doctest.h>
#include <windows.h>

#include <cstring>
#include <string>
#include <vector>

#include "extension.hpp"
#include "fixture.hpp"

using namespace test;

namespace {

const char* const stranger = physical_address;  // may not come in
const char* const guest = virtual_address;
const std::vector<std::string> closed_to_stranger = {"in from 11.22.33.44 refuse"};

struct Listener {
    Socket socket = tcp();
    int port = 0;
    Listener() {
        REQUIRE(bind_to(socket, physical_address, 0) == 0);
        REQUIRE(listen(socket, 100) == 0);
        port = local_port(socket);
    }
};

Socket come_from(const char* from, int port) {
    Socket s = tcp();
    REQUIRE(bind_to(s, from, 0) == 0);
    REQUIRE(connect_to(s, physical_address, port) == 0);
    return s;
}

// What a client's next receive says: the error, or the bytes.
int outcome(SOCKET client) {
    const DWORD timeout_ms = 3000;
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&timeout_ms), sizeof(timeout_ms));
    char byte = 0;
    const int received = recv(client, &byte, 1, 0);
    return received >= 0 ? received : WSAGetLastError();
}

// A reset, and not only an end: Wine's close tells of the end first, but after an end alone the other side could still
// be sent to.
bool is_reset(SOCKET client) {
    const int found = outcome(client);
    if (found != 0) return found == WSAECONNRESET;
    Sleep(20);
    return send(client, "z", 1, 0) == SOCKET_ERROR;
}

void check_served(SOCKET server, SOCKET client) {
    CHECK(send(server, "x", 1, 0) == 1);
    CHECK(outcome(client) == 1);
    CHECK(send(client, "y", 1, 0) == 1);
    char byte = 0;
    CHECK(recv(server, &byte, 1, 0) == 1);
}

std::string peer_of(SOCKET s) {
    sockaddr_in peer{};
    int length = sizeof(peer);
    return getpeername(s, reinterpret_cast<sockaddr*>(&peer), &length) == 0 ? text(peer) : "nobody";
}

// As a program accepts: the address of who came, or the error.
std::string accept_from(SOCKET listener) {
    sockaddr_in peer{};
    int length = sizeof(peer);
    const Socket accepted(accept(listener, reinterpret_cast<sockaddr*>(&peer), &length));
    if (accepted == INVALID_SOCKET) return "error " + std::to_string(WSAGetLastError());
    CHECK(length == sizeof(peer));
    CHECK(peer_of(accepted) == text(peer));
    return text(peer);
}

const std::string would_block = "error " + std::to_string(WSAEWOULDBLOCK);

void make_nonblocking(SOCKET s) {
    u_long on = 1;
    REQUIRE(ioctlsocket(s, FIONBIO, &on) == 0);
}

bool waits_for(SOCKET listener) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(listener, &set);
    timeval second{1, 0};
    return select(0, &set, nullptr, nullptr, &second) == 1;
}

int CALLBACK take_all(LPWSABUF, LPWSABUF, LPQOS, LPQOS, LPWSABUF, LPWSABUF, GROUP*, DWORD_PTR count) {
    ++*reinterpret_cast<int*>(count);
    return CF_ACCEPT;
}

// One AcceptEx, and the socket that it was given.
struct Accepting {
    Socket socket = tcp();
    WSAOVERLAPPED overlapped{};
    char buffer[2 * (sizeof(sockaddr_in) + 16) + 16] = {};
    int error = 0;

    Accepting(SOCKET listener, DWORD data_length) {
        const auto accept_ex = extension<LPFN_ACCEPTEX>(listener, WSAID_ACCEPTEX);
        REQUIRE((accept_ex != nullptr));
        overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        const DWORD length = sizeof(sockaddr_in) + 16;
        DWORD received = 0;
        error = accept_ex(listener, socket, buffer, data_length, length, length, &received, &overlapped)
                    ? 0
                    : WSAGetLastError();
        CHECK((error == 0 || error == WSA_IO_PENDING));
    }
    ~Accepting() { CloseHandle(overlapped.hEvent); }
    int wait(SOCKET listener) {
        DWORD bytes = 0;
        DWORD flags = 0;
        return WSAGetOverlappedResult(listener, &overlapped, &bytes, TRUE, &flags) ? 0 : WSAGetLastError();
    }
    int update(SOCKET listener) {
        const auto* const value = reinterpret_cast<const char*>(&listener);
        return setsockopt(socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, value, sizeof(listener)) == 0
                   ? 0
                   : WSAGetLastError();
    }
};

}  // namespace

TEST_SUITE_BEGIN("rules");

TEST_CASE("a peer that may not come in is reset, and a blocking accept goes on to the next") {
    const AdministratorRules rules(closed_to_stranger);
    const Listener listener;
    const Socket first = come_from(stranger, listener.port);
    const Socket second = come_from(stranger, listener.port);
    const Socket third = come_from(guest, listener.port);
    CHECK(accept_from(listener.socket) == guest);
    CHECK(is_reset(first));
    CHECK(is_reset(second));
    // A program that does not ask who it was.
    const Socket fourth = come_from(stranger, listener.port);
    const Socket fifth = come_from(guest, listener.port);
    const Socket accepted(accept(listener.socket, nullptr, nullptr));
    REQUIRE(accepted != INVALID_SOCKET);
    check_served(accepted, fifth);
    CHECK(is_reset(fourth));
}

TEST_CASE("the first rule for who comes in decides, by peer and by the local port; loopback always comes in") {
    const Listener open;
    const Listener closed;
    const AdministratorRules rules(
        {"in from 11.22.33.0/24 port " + std::to_string(open.port) + " keep", "in app another.exe keep", "in refuse"});
    const auto found = [](const Listener& listener, const char* from) {
        make_nonblocking(listener.socket);
        const Socket client = come_from(from, listener.port);
        REQUIRE(waits_for(listener.socket));
        return accept_from(listener.socket);
    };
    CHECK(found(open, physical_address) == physical_address);
    CHECK(found(open, virtual_address) == would_block);
    CHECK(found(closed, physical_address) == would_block);
    Socket at_loopback = tcp();
    REQUIRE(bind_to(at_loopback, "127.0.0.1", 0) == 0);
    REQUIRE(listen(at_loopback, 5) == 0);
    const Socket client = tcp();
    REQUIRE(connect_to(client, "127.0.0.1", local_port(at_loopback)) == 0);
    CHECK(accept_from(at_loopback) == "127.0.0.1");
}

TEST_CASE("a non-blocking accept says that nobody is there, and a flood of strangers does not hold it") {
    const AdministratorRules rules(closed_to_stranger);
    const Listener listener;
    make_nonblocking(listener.socket);
    {
        const Socket client = come_from(stranger, listener.port);
        REQUIRE(waits_for(listener.socket));
        CHECK(accept_from(listener.socket) == would_block);
        CHECK(is_reset(client));
    }
    std::vector<Socket> flood;
    for (int i = 0; i < 40; ++i) flood.push_back(come_from(stranger, listener.port));
    const Socket client = come_from(guest, listener.port);
    REQUIRE(waits_for(listener.socket));
    CHECK(accept_from(listener.socket) == would_block);  // 32 of them
    REQUIRE(waits_for(listener.socket));
    CHECK(accept_from(listener.socket) == guest);
    for (const Socket& each : flood) CHECK(is_reset(each));
}

TEST_CASE("with an event a stranger is one wake-up that finds nobody, and the next connection is another") {
    const AdministratorRules rules(closed_to_stranger);
    const Listener listener;
    const WSAEVENT event = WSACreateEvent();
    REQUIRE(WSAEventSelect(listener.socket, event, FD_ACCEPT) == 0);
    for (const char* const from : {stranger, guest, stranger, guest}) {
        const Socket client = come_from(from, listener.port);
        REQUIRE(WSAWaitForMultipleEvents(1, &event, TRUE, 3000, FALSE) == WSA_WAIT_EVENT_0);
        WSANETWORKEVENTS events{};
        REQUIRE(WSAEnumNetworkEvents(listener.socket, event, &events) == 0);
        CHECK(events.lNetworkEvents == FD_ACCEPT);
        CHECK(events.iErrorCode[FD_ACCEPT_BIT] == 0);
        CHECK(accept_from(listener.socket) == (from == guest ? std::string(guest) : would_block));
    }
    // As many as a call turns away, and one: the event comes again for what is left.
    std::vector<Socket> flood;
    for (int i = 0; i < 33; ++i) flood.push_back(come_from(stranger, listener.port));
    const Socket client = come_from(guest, listener.port);
    std::string found;
    for (int i = 0; i < 4 && found != guest; ++i) {
        REQUIRE(WSAWaitForMultipleEvents(1, &event, TRUE, 3000, FALSE) == WSA_WAIT_EVENT_0);
        WSANETWORKEVENTS events{};
        WSAEnumNetworkEvents(listener.socket, event, &events);
        found = accept_from(listener.socket);
    }
    CHECK(found == guest);
    WSACloseEvent(event);
}

TEST_CASE("a program's condition function is asked only about those who may come in") {
    const AdministratorRules rules(closed_to_stranger);
    const Listener listener;
    const Socket first = come_from(stranger, listener.port);
    const Socket second = come_from(guest, listener.port);
    int asked = 0;
    const Socket accepted(WSAAccept(listener.socket, nullptr, nullptr, take_all, reinterpret_cast<DWORD_PTR>(&asked)));
    REQUIRE(accepted != INVALID_SOCKET);
    CHECK(asked == 1);
    CHECK(peer_of(accepted) == guest);
    check_served(accepted, second);
    CHECK(outcome(first) != 1);
}

TEST_CASE(
    "a stranger that an AcceptEx took in is one that went away: at SO_UPDATE_ACCEPT_CONTEXT, else at the first call") {
    const AdministratorRules rules(closed_to_stranger);
    const Listener listener;
    for (const DWORD data_length : {0U, 16U}) {
        for (const bool updates : {true, false}) {
            CAPTURE(data_length);
            CAPTURE(updates);
            for (const char* const from : {stranger, guest}) {
                const bool is_guest = from == guest;
                Accepting accepting(listener.socket, data_length);
                Socket client = come_from(from, listener.port);
                if (data_length != 0) REQUIRE(send(client, "hello", 5, 0) == 5);
                REQUIRE(accepting.wait(listener.socket) == 0);
                if (updates) CHECK(accepting.update(listener.socket) == (is_guest ? 0 : WSAECONNRESET));
                if (is_guest) {
                    check_served(accepting.socket, client);
                    continue;
                }
                CHECK(send(accepting.socket, "secret", 6, 0) == SOCKET_ERROR);
                if (!updates) CHECK(WSAGetLastError() == WSAECONNRESET);
                closesocket(accepting.socket.release());
                CHECK(is_reset(client));
            }
        }
    }
    // The first call may be a receive.
    Accepting accepting(listener.socket, 0);
    const Socket client = come_from(stranger, listener.port);
    REQUIRE(accepting.wait(listener.socket) == 0);
    char byte = 0;
    CHECK(recv(accepting.socket, &byte, 1, 0) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSAECONNRESET);
}

TEST_CASE("AcceptEx by a completion port, and by rules that came after the call") {
    const Listener listener;
    const HANDLE port =
        CreateIoCompletionPort(reinterpret_cast<HANDLE>(static_cast<SOCKET>(listener.socket)), nullptr, 7, 1);
    REQUIRE(port != nullptr);
    Accepting accepting(listener.socket, 0);
    const AdministratorRules rules(closed_to_stranger);
    const Socket client = come_from(stranger, listener.port);
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* completed = nullptr;
    REQUIRE(GetQueuedCompletionStatus(port, &bytes, &key, &completed, 3000));
    CHECK(key == 7);
    CHECK(completed == &accepting.overlapped);
    CHECK(accepting.update(listener.socket) == WSAECONNRESET);
    CloseHandle(port);
}

TEST_CASE("a socket whose AcceptEx failed is one like any other") {
    const AdministratorRules rules({"in from 11.22.33.44 refuse", "to 1.2.3.0/24 source 11.22.33.44"});
    TcpTarget target(target_address);
    const Socket no_listener = tcp();
    REQUIRE(bind_to(no_listener, physical_address, 0) == 0);
    const Socket s = tcp();
    const auto accept_ex = extension<LPFN_ACCEPTEX>(no_listener, WSAID_ACCEPTEX);
    char buffer[64] = {};
    DWORD received = 0;
    CHECK(!accept_ex(no_listener, s, buffer, 0, 32, 32, &received, nullptr));
    CHECK(connect_to(s, target_address, target.port()) == 0);
    CHECK(local_address(s) == physical_address);
}

TEST_SUITE_END();
