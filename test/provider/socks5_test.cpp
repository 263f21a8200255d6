// Connections that a rule leads to a proxy, in every way in which Winsock programs wait for a connect.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "proxy_server.hpp"
#include "system/winsock_constants.hpp"
// Below winsock2.h
#include <windows.h>
// Below windows.h
#include <tlhelp32.h>

using namespace test;

namespace {

constexpr int target_port = 7000;
const std::string asked_for = "1.2.3.4:7000";

std::string peer_of(SOCKET s) {
    sockaddr_in name{};
    int length = sizeof(name);
    if (getpeername(s, reinterpret_cast<sockaddr*>(&name), &length) != 0)
        return "error " + std::to_string(WSAGetLastError());
    return text(name) + ":" + std::to_string(ntohs(name.sin_port));
}

int error_option(SOCKET s) {
    int value = -1;
    int length = sizeof(value);
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&value), &length) != 0) return WSAGetLastError();
    return value;
}

void set_nonblocking(SOCKET s, bool nonblocking) {
    u_long value = nonblocking ? 1 : 0;
    REQUIRE(ioctlsocket(s, FIONBIO, &value) == 0);
}

// Whether the destination sends back what it is sent. Blocking.
bool echoes(SOCKET s, const std::string& expected_first = "") {
    set_nonblocking(s, false);
    const std::string said = "what the program says";
    if (send(s, said.data(), static_cast<int>(said.size()), 0) != static_cast<int>(said.size())) return false;
    std::string heard;
    const std::string wanted = expected_first + said;
    while (heard.size() < wanted.size()) {
        char bytes[256];
        const int got = recv(s, bytes, sizeof(bytes), 0);
        if (got <= 0) return false;
        heard.append(bytes, static_cast<std::size_t>(got));
    }
    return heard == wanted;
}

// How a program waits for its connect. Each comes back with 0 when it is connected, or with the error that the program
// has seen.
using Connect = int(SOCKET s);

int connect_blocking(SOCKET s) { return connect_to(s, target_address, target_port); }

// As Java does: the port is told before the connect, and stays.
int connect_after_its_name_was_asked(SOCKET s) {
    if (const int error = bind_to(s, "0.0.0.0", 0); error != 0) return error;
    const int told = local_port(s);
    const int error = connect_to(s, target_address, target_port);
    if (error == 0) CHECK(local_port(s) == told);
    return error;
}

int begin_nonblocking(SOCKET s) {
    set_nonblocking(s, true);
    const sockaddr_in to = address(target_address, target_port);
    if (connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return 0;
    return WSAGetLastError();
}

struct Selected {
    int ready = 0;
    bool writable = false;
    bool failed = false;
};

Selected select_alone(SOCKET s, timeval patience) {
    fd_set writable;
    fd_set failed;
    for (fd_set* const set : {&writable, &failed}) {
        FD_ZERO(set);
        FD_SET(s, set);
    }
    const int ready = ::select(0, nullptr, &writable, &failed, &patience);
    return {ready, FD_ISSET(s, &writable) != 0, FD_ISSET(s, &failed) != 0};
}

int connect_with_select(SOCKET s) {
    if (const int begun = begin_nonblocking(s); begun != WSAEWOULDBLOCK) return begun;
    const Selected selected = select_alone(s, {20, 0});
    CHECK(selected.ready == 1);
    if (selected.ready != 1) return WSAETIMEDOUT;
    const int error = error_option(s);
    CHECK((error == 0) == selected.writable);
    CHECK((error != 0) == selected.failed);
    return error;
}

// As programs do that have other sockets beside.
int connect_with_select_among_others(SOCKET s) {
    if (const int begun = begin_nonblocking(s); begun != WSAEWOULDBLOCK) return begun;
    const Socket other = udp();
    REQUIRE(bind_to(other, "127.0.0.1", 0) == 0);
    fd_set readable;
    fd_set writable;
    fd_set failed;
    for (fd_set* const set : {&readable, &writable, &failed}) FD_ZERO(set);
    FD_SET(other, &readable);
    FD_SET(s, &writable);
    FD_SET(s, &failed);
    const int ready = ::select(0, &readable, &writable, &failed, nullptr);
    CHECK(ready == 1);
    CHECK(FD_ISSET(other, &readable) == 0);
    return error_option(s);
}

int connect_with_event(SOCKET s, bool before) {
    const WSAEVENT event = WSACreateEvent();
    const long events = FD_CONNECT | FD_WRITE | FD_READ | FD_CLOSE;
    if (before) REQUIRE(WSAEventSelect(s, event, events) == 0);
    if (const int begun = begin_nonblocking(s); begun != WSAEWOULDBLOCK) {
        WSACloseEvent(event);
        return begun;
    }
    if (!before) REQUIRE(WSAEventSelect(s, event, events) == 0);
    int error = WSAETIMEDOUT;
    bool connected = false;
    while (WSAWaitForMultipleEvents(1, &event, FALSE, 20'000, FALSE) == WSA_WAIT_EVENT_0) {
        WSANETWORKEVENTS told{};
        REQUIRE(WSAEnumNetworkEvents(s, event, &told) == 0);
        // Nothing is told of before the connection.
        if ((told.lNetworkEvents & FD_CONNECT) == 0) CHECK(told.lNetworkEvents == 0);
        if ((told.lNetworkEvents & FD_CONNECT) != 0) {
            error = told.iErrorCode[FD_CONNECT_BIT];
            connected = error == 0;
            break;
        }
    }
    WSAEventSelect(s, event, 0);
    WSACloseEvent(event);
    return connected ? 0 : error;
}

int connect_with_event_before(SOCKET s) { return connect_with_event(s, true); }
int connect_with_event_after(SOCKET s) { return connect_with_event(s, false); }

// As curl's multi interface does: each round asks whether the socket is ready, registers an event, waits a little, asks
// what came, and takes the registration back.
int connect_as_curl(SOCKET s) {
    if (const int begun = begin_nonblocking(s); begun != WSAEWOULDBLOCK) return begun;
    const WSAEVENT event = WSACreateEvent();
    int error = WSAETIMEDOUT;
    for (int round = 0; round < 2000 && error == WSAETIMEDOUT; ++round) {
        if (select_alone(s, {}).ready == 1) {
            error = error_option(s);
            break;
        }
        REQUIRE(WSAEventSelect(s, event, FD_CONNECT | FD_WRITE | FD_CLOSE) == 0);
        WSAWaitForMultipleEvents(1, &event, FALSE, 10, FALSE);
        WSANETWORKEVENTS told{};
        REQUIRE(WSAEnumNetworkEvents(s, event, &told) == 0);
        if ((told.lNetworkEvents & FD_CONNECT) != 0) error = told.iErrorCode[FD_CONNECT_BIT];
        REQUIRE(WSAEventSelect(s, event, 0) == 0);
    }
    WSAEventSelect(s, nullptr, 0);
    WSACloseEvent(event);
    return error;
}

int connect_with_message(SOCKET s) {
    const HWND window = CreateWindowW(L"STATIC", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
    REQUIRE(window != nullptr);
    constexpr unsigned message = WM_USER + 7;
    REQUIRE(WSAAsyncSelect(s, window, message, FD_CONNECT | FD_WRITE) == 0);
    int error = begin_nonblocking(s);
    if (error == WSAEWOULDBLOCK) {
        error = WSAETIMEDOUT;
        for (int waited = 0; waited < 20'000 && error == WSAETIMEDOUT; waited += 10) {
            MSG told;
            while (PeekMessageW(&told, window, message, message, PM_REMOVE)) {
                CHECK(told.wParam == s);
                if (error == WSAETIMEDOUT) CHECK(WSAGETSELECTEVENT(told.lParam) == FD_CONNECT);
                if (WSAGETSELECTEVENT(told.lParam) == FD_CONNECT) error = WSAGETSELECTERROR(told.lParam);
            }
            Sleep(10);
        }
    }
    WSAAsyncSelect(s, window, 0, 0);
    DestroyWindow(window);
    return error;
}

LPFN_CONNECTEX connect_ex_of(SOCKET s) {
    GUID id = WSAID_CONNECTEX;
    LPFN_CONNECTEX function = nullptr;
    DWORD bytes = 0;
    REQUIRE(WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes,
                     nullptr, nullptr) == 0);
    return function;
}

enum class Port { none, usual, skips };

// The error at the completion, or at SO_UPDATE_CONNECT_CONTEXT.
int connect_ex(SOCKET s, Port kind, const std::string& data = "") {
    if (const int error = bind_to(s, "0.0.0.0", 0); error != 0) return error;
    const LPFN_CONNECTEX function = connect_ex_of(s);
    OVERLAPPED overlapped{};
    HANDLE port = nullptr;
    constexpr ULONG_PTR key = 4711;
    if (kind == Port::none) {
        overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    } else {
        port = CreateIoCompletionPort(reinterpret_cast<HANDLE>(s), nullptr, key, 0);
        REQUIRE(port != nullptr);
        if (kind == Port::skips) {
            REQUIRE(
                SetFileCompletionNotificationModes(reinterpret_cast<HANDLE>(s), FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
        }
    }
    const sockaddr_in to = address(target_address, target_port);
    DWORD sent = 0;
    const BOOL over = function(s, reinterpret_cast<const sockaddr*>(&to), sizeof(to),
                               data.empty() ? nullptr : const_cast<char*>(data.data()), static_cast<DWORD>(data.size()),
                               &sent, &overlapped);
    int error = over ? 0 : WSAGetLastError();
    DWORD bytes = 0;
    if (error == WSA_IO_PENDING) {
        error = 0;
        // As natively, until it is over.
        CHECK(peer_of(s) == "error " + std::to_string(WSAENOTCONN));
        if (port != nullptr) {
            ULONG_PTR told_key = 0;
            OVERLAPPED* told = nullptr;
            if (!GetQueuedCompletionStatus(port, &bytes, &told_key, &told, 20'000)) error = WSAECONNABORTED;
            CHECK(told == &overlapped);
            CHECK(told_key == key);
            // Nothing else comes: each operation of the handshake is hidden.
            CHECK_FALSE(GetQueuedCompletionStatus(port, &bytes, &told_key, &told, 20));
        } else {
            DWORD flags = 0;
            if (WaitForSingleObject(overlapped.hEvent, 20'000) != WAIT_OBJECT_0) error = WSAETIMEDOUT;
            if (error == 0 && !WSAGetOverlappedResult(s, &overlapped, &bytes, FALSE, &flags)) error = WSAGetLastError();
        }
    }
    if (error == 0 && setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0) != 0) error = WSAGetLastError();
    if (port != nullptr) CloseHandle(port);
    if (overlapped.hEvent != nullptr) CloseHandle(overlapped.hEvent);
    return error;
}

int connect_ex_event(SOCKET s) { return connect_ex(s, Port::none); }
int connect_ex_port(SOCKET s) { return connect_ex(s, Port::usual); }
int connect_ex_skip(SOCKET s) { return connect_ex(s, Port::skips); }

// As mio does: connect, then the base handle; it may be asked for before, too (wepoll).
int connect_with_base_handle(SOCKET s, bool before) {
    SOCKET base = INVALID_SOCKET;
    DWORD bytes = 0;
    const auto ask = [&] {
        return WSAIoctl(s, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof(base), &bytes, nullptr, nullptr);
    };
    if (before) REQUIRE(ask() == 0);
    int error = begin_nonblocking(s);
    if (error != 0 && error != WSAEWOULDBLOCK) return error;
    if (before) CHECK(error == 0);  // it has waited in the call
    if (!before) REQUIRE(ask() == 0);
    return error_option(s);
}
int connect_with_base_handle_after(SOCKET s) { return connect_with_base_handle(s, false); }
int connect_with_base_handle_before(SOCKET s) { return connect_with_base_handle(s, true); }

const struct {
    const char* name;
    Connect* connect;
} ways[] = {
    {"blocking", connect_blocking},
    {"blocking, after its name was asked for", connect_after_its_name_was_asked},
    {"select", connect_with_select},
    {"select, with other sockets", connect_with_select_among_others},
    {"an event asked for before", connect_with_event_before},
    {"an event asked for after", connect_with_event_after},
    {"as curl", connect_as_curl},
    {"a window's message", connect_with_message},
    {"ConnectEx and an event", connect_ex_event},
    {"ConnectEx and a port", connect_ex_port},
    {"ConnectEx and a port that is skipped on success", connect_ex_skip},
    {"the base handle, after", connect_with_base_handle_after},
    {"the base handle, before", connect_with_base_handle_before},
};

}  // namespace

TEST_SUITE_BEGIN("socks5");

TEST_CASE("a connection is led to the proxy, and looks like one to its destination, however the program waits") {
    for (const unsigned delay : {0U, 50U}) {
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            CAPTURE(delay);
            ProxyServer proxy({.delay_ms = delay});
            const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
            const Socket s = tcp();
            CHECK(way.connect(s) == 0);
            CHECK(peer_of(s) == asked_for);
            CHECK(echoes(s));
            CHECK(proxy.requests() == std::vector<std::string>{asked_for});
            const sockaddr_in to = address(target_address, target_port);
            CHECK(connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == SOCKET_ERROR);
            CHECK(WSAGetLastError() == WSAEISCONN);
        }
    }
}

TEST_CASE("a refusal is the program's error, and nothing of the program's reaches the proxy") {
    const struct {
        unsigned char reply;
        int error;
    } replies[] = {{1, WSAENETDOWN},     {2, WSAEACCES},       {3, WSAENETUNREACH},
                   {4, WSAEHOSTUNREACH}, {5, WSAECONNREFUSED}, {6, WSAETIMEDOUT},
                   {7, WSAEOPNOTSUPP},   {8, WSAEAFNOSUPPORT}, {9, WSAENETDOWN}};
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    for (const auto& each : replies) {
        for (const auto& way : ways) {
            if (each.reply > 2 && way.connect != connect_blocking && way.connect != connect_ex_skip) continue;
            CAPTURE(std::string(way.name));
            CAPTURE(each.reply);
            proxy.set({.reply = each.reply});
            const Socket s = tcp();
            CHECK(way.connect(s) == each.error);
            CHECK(peer_of(s) == "error " + std::to_string(WSAENOTCONN));
            CHECK(send(s, "secret", 6, 0) == SOCKET_ERROR);
        }
    }
    CHECK(proxy.all_ended());
    CHECK(proxy.bytes_after_reply() == 0);
}

TEST_CASE("what the destination says first is the program's, whatever the proxy's reply looks like") {
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    for (const unsigned char type : {1, 3, 4}) {
        for (const bool byte_by_byte : {false, true}) {
            for (const auto& way : ways) {
                CAPTURE(std::string(way.name));
                CAPTURE(type);
                CAPTURE(byte_by_byte);
                proxy.set({.byte_by_byte = byte_by_byte, .address_type = type, .banner = "SSH-2.0-test\r\n"});
                const Socket s = tcp();
                CHECK(way.connect(s) == 0);
                CHECK(echoes(s, "SSH-2.0-test\r\n"));
            }
        }
    }
}

TEST_CASE("a proxy that ends the connection, at whatever byte, or speaks something else, is an error") {
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        for (int bytes = 0; bytes < 12; ++bytes) {
            CAPTURE(bytes);
            proxy.set({.close_after = bytes});
            const Socket s = tcp();
            CHECK(way.connect(s) == WSAECONNRESET);
        }
        proxy.set({.version = 4});
        CHECK(way.connect(tcp()) == WSAECONNREFUSED);
        proxy.set({.method = 0xff});
        CHECK(way.connect(tcp()) == WSAEACCES);
    }
    CHECK(proxy.bytes_after_reply() == 0);
}

TEST_CASE("data that is given to ConnectEx follows the handshake") {
    ProxyServer proxy({.delay_ms = 20});
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    for (const Port port : {Port::none, Port::usual, Port::skips}) {
        const Socket s = tcp();
        CHECK(connect_ex(s, port, "first words") == 0);
        char bytes[32] = {};
        CHECK(recv(s, bytes, 11, MSG_WAITALL) == 11);
        CHECK(std::string(bytes) == "first words");
    }
}

namespace {

// Windows' sockets can connect again after a refusal; Wine 8's cannot, with or without us.
bool connects_again() {
    const TcpTarget target("127.0.0.1");
    const Socket s = tcp();
    constexpr int nobodys = 9;
    return connect_to(s, "127.0.0.1", nobodys) != 0 && connect_to(s, "127.0.0.1", target.port()) == 0;
}

}  // namespace

TEST_CASE("without the proxy the rule's otherwise says what happens") {
    // Nobody listens there any more.
    std::string action;
    {
        const ProxyServer proxy;
        action = proxy.action();
    }
    TcpTarget target(target_address);
    {
        const AdministratorRules rules({"to 1.2.3.0/24 " + action});
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            CHECK(way.connect(tcp()) == WSAECONNREFUSED);
        }
        CHECK(connect_to(tcp(), target_address, target.port()) == WSAECONNREFUSED);
    }
    const bool again = connects_again();
    if (!again) MESSAGE("a proxy that is not reached, otherwise keep: Wine's sockets do not connect a second time");
    for (const std::string& rule : {action + " login no-such-login otherwise keep", action + " otherwise keep"}) {
        CAPTURE(rule);
        if (rule.find("login") == std::string::npos && !again) continue;
        const AdministratorRules rules({"to 1.2.3.0/24 " + rule});
        const Socket s = tcp();
        REQUIRE(connect_to(s, target_address, target.port()) == 0);
        CHECK(!target.accepted_from().empty());
    }
}

TEST_CASE("datagrams get the rule's otherwise, and a log-in that the user does not have, too") {
    ProxyServer proxy;
    {
        const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
        CHECK(send_to(udp(), target_address, 53) == WSAEACCES);
    }
    {
        const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action() + " login no-such-login"});
        CHECK(connect_blocking(tcp()) == WSAEACCES);
    }
    CHECK(proxy.connections() == 0);
}

namespace {

struct Sockaddr6 {
    sockaddr_in6 name{};
    Sockaddr6(const char* address, int port) {
        name.sin6_family = AF_INET6;
        name.sin6_port = htons(static_cast<u_short>(port));
        inet_pton(AF_INET6, address, &name.sin6_addr);
    }
    operator const sockaddr*() const { return reinterpret_cast<const sockaddr*>(&name); }
};

// A socket that speaks both families, or IPv6 alone.
Socket tcp6(bool only) {
    Socket s(static_cast<SOCKET>(::socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP)));
    const DWORD value = only ? 1 : 0;
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<const char*>(&value), sizeof(value));
    return s;
}

std::string peer6_of(SOCKET s) {
    sockaddr_in6 name{};
    int length = sizeof(name);
    if (getpeername(s, reinterpret_cast<sockaddr*>(&name), &length) != 0)
        return "error " + std::to_string(WSAGetLastError());
    char text_form[64] = {};
    inet_ntop(AF_INET6, &name.sin6_addr, text_form, sizeof(text_form));
    return text_form;
}

}  // namespace

TEST_CASE("IPv6 sockets reach proxies of both families, IPv4 sockets those of their own") {
    const struct {
        const char* proxy;
        bool only;  // the socket speaks IPv6 alone, as it is made
        const char* destination;
        const char* asked_for;
    } cases[] = {
        {physical_address, false, "::ffff:1.2.3.4", "1.2.3.4:7000"},
        {physical_address, true, "2001:db8:77::4", "[2001:db8:77::4]:7000"},
        {physical_address, false, "2001:db8:77::4", "[2001:db8:77::4]:7000"},
        {"::1", true, "2001:db8:77::4", "[2001:db8:77::4]:7000"},
        {"::1", false, "::ffff:1.2.3.4", "1.2.3.4:7000"},
    };
    for (const auto& each : cases) {
        CAPTURE(std::string(each.proxy));
        CAPTURE(std::string(each.destination));
        ProxyServer proxy({.delay_ms = 10}, each.proxy);
        const bool own_loopback = std::string(each.proxy) == "::1";
        const AdministratorRules rules({"to 1.2.3.0/24,2001:db8:77::/48 " + proxy.action()});
        const Sockaddr6 to(each.destination, target_port);
        for (const bool blocking : {true, false}) {
            CAPTURE(blocking);
            const Socket s = tcp6(each.only);
            set_nonblocking(s, !blocking);
            int error = connect(s, to, sizeof(to.name)) == 0 ? 0 : WSAGetLastError();
            if (own_loopback) {
                // This very process listens there, and is never led to itself; and nobody else knows the way.
                CHECK(error != 0);
                CHECK(proxy.connections() == 0);
                continue;
            }
            if (error == WSAEWOULDBLOCK) {
                fd_set writable;
                FD_ZERO(&writable);
                FD_SET(s, &writable);
                timeval patience{10, 0};
                CHECK(::select(0, nullptr, &writable, nullptr, &patience) == 1);
                error = error_option(s);
            }
            CHECK(error == 0);
            CHECK(peer6_of(s) == each.destination);
            CHECK(echoes(s));
            CHECK(proxy.requests().back() == each.asked_for);
        }
    }
    // An IPv4 socket cannot reach it, and nothing goes to the target either.
    const AdministratorRules rules({"to 1.2.3.0/24 socks5 [2001:db8:77::1]:1080"});
    CHECK(connect_blocking(tcp()) == WSAEACCES);
}

TEST_CASE("a connection that is led closes in each direction by itself, after megabytes") {
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    const Socket s = tcp();
    REQUIRE(connect_blocking(s) == 0);
    constexpr std::size_t size = std::size_t{8} << 20;
    std::thread sender([&] {
        const std::string piece(64 * 1024, 'x');
        for (std::size_t done = 0; done < size; done += piece.size()) {
            for (std::size_t at = 0; at < piece.size();) {
                const int sent = send(s, piece.data() + at, static_cast<int>(piece.size() - at), 0);
                if (sent <= 0) return;
                at += static_cast<std::size_t>(sent);
            }
        }
        shutdown(s, SD_SEND);
    });
    std::size_t heard = 0;
    std::vector<char> bytes(64 * 1024);
    for (;;) {
        const int got = recv(s, bytes.data(), static_cast<int>(bytes.size()), 0);
        if (got <= 0) break;
        heard += static_cast<std::size_t>(got);
    }
    sender.join();
    CHECK(heard == size);
    CHECK(proxy.all_ended());
}

TEST_CASE("a socket that is not for overlapped calls gets the rule's otherwise, and nothing hangs") {
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    const Socket s(WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, 0));
    // Wine opens all alike; there it is led.
    const int error = connect_blocking(s);
    CHECK((error == 0 || error == WSAEACCES));
    CHECK((error == 0) == (proxy.connections() == 1));
}

TEST_CASE("connections that are closed at any moment of the handshake leave nothing behind") {
    ProxyServer proxy;
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    for (const unsigned wait : {0U, 5U, 30U, 80U}) {
        for (const bool silent : {false, true}) {
            CAPTURE(wait);
            proxy.set({.delay_ms = 25, .silent = silent});
            {
                const Socket s = tcp();
                begin_nonblocking(s);
                Sleep(wait);
            }
            {
                const Socket s = tcp();
                REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
                const HANDLE port =
                    CreateIoCompletionPort(reinterpret_cast<HANDLE>(static_cast<SOCKET>(s)), nullptr, 1, 0);
                OVERLAPPED overlapped{};
                const sockaddr_in to = address(target_address, target_port);
                connect_ex_of(s)(s, reinterpret_cast<const sockaddr*>(&to), sizeof(to), nullptr, 0, nullptr,
                                 &overlapped);
                Sleep(wait);
                closesocket(const_cast<Socket&>(s).release());
                DWORD bytes = 0;
                ULONG_PTR key = 0;
                OVERLAPPED* told = nullptr;
                GetQueuedCompletionStatus(port, &bytes, &key, &told, 5000);
                CHECK(told == &overlapped);
                CloseHandle(port);
            }
        }
    }
    CHECK(proxy.all_ended());
}

TEST_CASE("connections in a row leave no handles and no memory behind") {
    ProxyServer proxy({.one_at_a_time = true});
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    const char* const told = std::getenv("TEST_SOCKS5_ROUNDS");
    const int rounds = told == nullptr ? 500 : std::atoi(told);
    const auto run = [&](int count) {
        for (int i = 0; i < count; ++i) {
            proxy.set({.reply = static_cast<unsigned char>(i % 3 == 0 ? 5 : 0), .one_at_a_time = true});
            proxy.forget_requests();  // the memory of which is not what is looked at
            const Socket s = tcp();
            static_cast<void>(ways[static_cast<std::size_t>(i) % std::size(ways)].connect(s));
        }
    };
    struct Usage {
        std::uintptr_t next_handle = 0;  // the lowest that is free; Wine counts no handles
        SIZE_T committed = 0;
    };
    const auto usage = [] {
        Usage now;
        const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        now.next_handle = reinterpret_cast<std::uintptr_t>(event);
        CloseHandle(event);
        MEMORY_BASIC_INFORMATION region{};
        for (const char* at = nullptr; VirtualQuery(at, &region, sizeof(region)) != 0;
             at = static_cast<const char*>(region.BaseAddress) + region.RegionSize) {
            if (region.State == MEM_COMMIT && region.Type == MEM_PRIVATE) now.committed += region.RegionSize;
            if (static_cast<const char*>(region.BaseAddress) + region.RegionSize <= at) break;
        }
        return now;
    };
    run(300);
    const Usage before = usage();
    run(rounds);
    Sleep(200);
    const Usage after = usage();
    MESSAGE(rounds << " connections: the next handle " << before.next_handle << " and " << after.next_handle
                   << ", committed " << before.committed / 1024 << " and " << after.committed / 1024 << " KB");
    CHECK(after.next_handle <= before.next_handle + 16 * 4);
    CHECK(after.committed <= before.committed + (SIZE_T{2} << 20));
}

TEST_CASE("a thousand handshakes at once do not hold up the thread that began them") {
    ProxyServer proxy({.delay_ms = 100});
    const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
    // The proxy here has a thread for each, for which 32-bit programs have no room. TEST_SOCKS5_AT_ONCE: more.
    const char* const at_once = std::getenv("TEST_SOCKS5_AT_ONCE");
    const int count = at_once == nullptr ? (sizeof(void*) == 8 ? 1000 : 200) : std::atoi(at_once);
    const HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0);
    std::vector<Socket> all;
    std::vector<OVERLAPPED> overlapped(static_cast<std::size_t>(count));
    DWORD longest = 0;
    for (int i = 0; i < count; ++i) {
        all.push_back(tcp());
        REQUIRE(bind_to(all.back(), "0.0.0.0", 0) == 0);
        CreateIoCompletionPort(reinterpret_cast<HANDLE>(static_cast<SOCKET>(all.back())), port, 1, 0);
        const sockaddr_in to = address(target_address, target_port);
        const DWORD begun = GetTickCount();
        connect_ex_of(all.back())(all.back(), reinterpret_cast<const sockaddr*>(&to), sizeof(to), nullptr, 0, nullptr,
                                  &overlapped[static_cast<std::size_t>(i)]);
        longest = std::max(longest, GetTickCount() - begun);
    }
    int done = 0;
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* told = nullptr;
    while (done < count && GetQueuedCompletionStatus(port, &bytes, &key, &told, 60'000)) ++done;
    CHECK(done == count);
    for (const Socket& s : all) {
        CHECK(setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0) == 0);
        CHECK(peer_of(s) == asked_for);
    }
    MESSAGE("the longest ConnectEx took " << longest << " ms");
    CHECK(static_cast<int>(proxy.requests().size()) == count);
    CloseHandle(port);
}

TEST_SUITE_END();

// With the test iphlpapi, which is told whose the sockets are.
TEST_SUITE_BEGIN("socks5-owner");

namespace {

void tell_owners(int port, DWORD listener, DWORD peer) {
    const std::string text = "listen:" + std::to_string(port) + "=" + std::to_string(listener) +
                             " peer:" + std::to_string(port) + "=" + std::to_string(peer);
    SetEnvironmentVariableA("TEST_IPHLPAPI_TCP_OWNERS", text.c_str());
}

// A process of this user's that is not this one.
DWORD other_process() {
    const HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32 entry{};
    entry.dwSize = sizeof(entry);
    DWORD found = 0;
    for (BOOL more = Process32First(list, &entry); more && found == 0; more = Process32Next(list, &entry)) {
        if (entry.th32ProcessID > 4 && entry.th32ProcessID != GetCurrentProcessId()) found = entry.th32ProcessID;
    }
    CloseHandle(list);
    return found;
}

constexpr DWORD nobodys_process = 0x7ffffff0;  // whose token cannot be had, and which is no service

}  // namespace

TEST_CASE(
    "a proxy on loopback gets a connection only if it is this user's, and nothing if that has changed meanwhile") {
    for (const char* const loopback : {"127.0.0.1", "::1"}) {
        CAPTURE(std::string(loopback));
        const bool reachable = std::string(loopback) == "127.0.0.1";  // from an IPv4 socket
        ProxyServer proxy({}, loopback);
        const AdministratorRules rules({"to 1.2.3.0/24 " + proxy.action()});
        const DWORD trusted = other_process();
        REQUIRE(trusted != 0);

        tell_owners(proxy.port(), trusted, trusted);
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            const Socket s = tcp();
            CHECK(way.connect(s) == (reachable ? 0 : WSAEACCES));
            if (reachable) CHECK(echoes(s));
        }
        const int led = proxy.greetings();
        CHECK(led == (reachable ? static_cast<int>(std::size(ways)) : 0));
        if (!reachable) continue;

        // Another user's program has taken the port: it does not even get a connection.
        const int before = proxy.connections();
        tell_owners(proxy.port(), nobodys_process, nobodys_process);
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            CHECK(way.connect(tcp()) == WSAEACCES);
        }
        CHECK(proxy.connections() == before);

        // It takes it in between: a connection, and not a byte.
        tell_owners(proxy.port(), trusted, nobodys_process);
        for (const auto& way : ways) {
            CAPTURE(std::string(way.name));
            CHECK(way.connect(tcp()) == WSAEACCES);
        }
        CHECK(proxy.all_ended());
        CHECK(proxy.connections() > before);
        CHECK(proxy.greetings() == led);

        // What listens there itself is not led there.
        TcpTarget target(target_address);
        tell_owners(proxy.port(), GetCurrentProcessId(), GetCurrentProcessId());
        const Socket s = tcp();
        CHECK(connect_to(s, target_address, target.port()) == 0);
        CHECK(proxy.greetings() == led);
    }
    SetEnvironmentVariableA("TEST_IPHLPAPI_TCP_OWNERS", nullptr);
}

TEST_SUITE_END();

// Over a proxy that somebody else wrote, towards a destination that says whom it sees and echoes: test/socks5.test.ts.
TEST_SUITE_BEGIN("socks5-server");

TEST_CASE("every way to wait works with this proxy") {
    const char* const action = std::getenv("TEST_SOCKS5_ACTION");
    const char* const seen = std::getenv("TEST_SOCKS5_SEEN");
    REQUIRE(action != nullptr);
    REQUIRE(seen != nullptr);
    const AdministratorRules rules({std::string("to 1.2.3.0/24 ") + action});
    for (const auto& way : ways) {
        CAPTURE(std::string(way.name));
        const Socket s = tcp();
        REQUIRE(way.connect(s) == 0);
        CHECK(peer_of(s) == asked_for);
        set_nonblocking(s, false);
        std::string line;
        for (char c = 0; c != '\n' && recv(s, &c, 1, 0) == 1;) line += c;
        CHECK(line.substr(0, line.find(' ')) == seen);
        CHECK(echoes(s));
    }
}

TEST_SUITE_END();
