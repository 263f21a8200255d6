#include "socket_paths.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <mswsock.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include "system/winsock_constants.hpp"

namespace selftest {

namespace {

sockaddr_in address(const std::string& text, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<u_short>(port));
    inet_pton(AF_INET, text.c_str(), &result.sin_addr);
    return result;
}

std::string text(const sockaddr_in& name) {
    char buffer[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, const_cast<in_addr*>(&name.sin_addr), buffer, sizeof(buffer));
    return buffer;
}

std::string error(const char* call) { return std::string(call) + ": error " + std::to_string(WSAGetLastError()); }

const sockaddr* generic(const sockaddr_in& name) { return reinterpret_cast<const sockaddr*>(&name); }

class Socket {
  public:
    explicit Socket(int type) : s_(WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED)) {}
    explicit Socket(SOCKET s, int) : s_(s) {}
    ~Socket() {
        if (s_ != INVALID_SOCKET) closesocket(s_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    operator SOCKET() const { return s_; }

  private:
    SOCKET s_;
};

// What waits at the target. A second is long for a packet that does not leave the host.
class Target {
  public:
    Target(int type, const std::string& at) : type_(type), socket_(type) {
        const sockaddr_in name = address(at, 0);
        const DWORD timeout_ms = 1000;
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&timeout_ms), sizeof(timeout_ms));
        if (bind(socket_, generic(name), sizeof(name)) == 0 && type == SOCK_STREAM) listen(socket_, 5);
        sockaddr_in own{};
        int length = sizeof(own);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &length);
        name_ = own;
    }

    const sockaddr_in& name() const { return name_; }

    std::string visitor() {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(socket_, &readable);
        timeval second{1, 0};
        if (select(0, &readable, nullptr, nullptr, &second) != 1) return "nobody";
        sockaddr_in peer{};
        int length = sizeof(peer);
        if (type_ == SOCK_STREAM) {
            const Socket accepted(accept(socket_, reinterpret_cast<sockaddr*>(&peer), &length), 0);
            return accepted == INVALID_SOCKET ? error("accept") : text(peer);
        }
        char buffer[64];
        if (recvfrom(socket_, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&peer), &length) < 0) {
            return error("recvfrom");
        }
        return text(peer);
    }

  private:
    int type_;
    Socket socket_;
    sockaddr_in name_{};
};

bool bind_wildcard(SOCKET s) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    return bind(s, generic(any), sizeof(any)) == 0;
}

std::string own_address(SOCKET s) {
    sockaddr_in name{};
    int length = sizeof(name);
    return getsockname(s, reinterpret_cast<sockaddr*>(&name), &length) == 0 ? text(name) : error("getsockname");
}

template <typename Function>
Function extension(SOCKET s, GUID id) {
    Function function = nullptr;
    DWORD bytes = 0;
    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &bytes, nullptr,
             nullptr);
    return function;
}

// Waits until the request that `start` makes has ended. Empty if it went well.
std::string complete(SOCKET s, const char* call, const std::function<bool(WSAOVERLAPPED*)>& start) {
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    bool good = start(&overlapped);
    if (!good && WSAGetLastError() == WSA_IO_PENDING) {
        DWORD bytes = 0;
        DWORD flags = 0;
        good = WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags) != FALSE;
    }
    const std::string result = good ? "" : error(call);
    CloseHandle(overlapped.hEvent);
    return result;
}

std::string plain_connect(SOCKET s, const sockaddr_in& to) {
    return connect(s, generic(to), sizeof(to)) == 0 ? "" : error("connect");
}

std::string connect_without_blocking(SOCKET s, const sockaddr_in& to) {
    u_long on = 1;
    ioctlsocket(s, FIONBIO, &on);
    if (connect(s, generic(to), sizeof(to)) != 0 && WSAGetLastError() != WSAEWOULDBLOCK) return error("connect");
    fd_set writable;
    FD_ZERO(&writable);
    FD_SET(s, &writable);
    timeval seconds{5, 0};
    return select(0, nullptr, &writable, nullptr, &seconds) == 1 ? "" : "not connected after five seconds";
}

std::string connect_with_event(SOCKET s, const sockaddr_in& to) {
    const WSAEVENT event = WSACreateEvent();
    std::string result;
    if (WSAEventSelect(s, event, FD_CONNECT) != 0) result = error("WSAEventSelect");
    if (result.empty() && WSAConnect(s, generic(to), sizeof(to), nullptr, nullptr, nullptr, nullptr) != 0 &&
        WSAGetLastError() != WSAEWOULDBLOCK) {
        result = error("WSAConnect");
    }
    if (result.empty() && WSAWaitForMultipleEvents(1, &event, TRUE, 5000, FALSE) != WSA_WAIT_EVENT_0) {
        result = "no FD_CONNECT after five seconds";
    }
    WSACloseEvent(event);
    return result;
}

std::string connect_ex(SOCKET s, const sockaddr_in& to) {
    if (!bind_wildcard(s)) return error("bind");
    const auto call = extension<LPFN_CONNECTEX>(s, WSAID_CONNECTEX);
    if (call == nullptr) return "there is no ConnectEx";
    return complete(s, "ConnectEx", [&](WSAOVERLAPPED* overlapped) {
        return call(s, generic(to), sizeof(to), nullptr, 0, nullptr, overlapped) != FALSE;
    });
}

std::string send_plainly(SOCKET s, const sockaddr_in& to) {
    return sendto(s, "hello", 5, 0, generic(to), sizeof(to)) == 5 ? "" : error("sendto");
}

std::string send_overlapped(SOCKET s, const sockaddr_in& to) {
    char bytes[] = "hello";
    WSABUF buffer{5, bytes};
    return complete(s, "WSASendTo", [&](WSAOVERLAPPED* overlapped) {
        return WSASendTo(s, &buffer, 1, nullptr, 0, generic(to), sizeof(to), overlapped, nullptr) == 0;
    });
}

std::string send_message_with(SOCKET s, const sockaddr_in& to, WSABUF control) {
    const auto call = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    if (call == nullptr) return "there is no WSASendMsg";
    char bytes[] = "hello";
    WSABUF buffer{5, bytes};
    sockaddr_in name = to;
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name);
    message.namelen = sizeof(name);
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    message.Control = control;
    DWORD sent = 0;
    return call(s, &message, 0, &sent, nullptr, nullptr) == 0 ? "" : error("WSASendMsg");
}

std::string send_message(SOCKET s, const sockaddr_in& to) { return send_message_with(s, to, {}); }

// Winsock for as long as this lives.
class Winsock {
  public:
    Winsock() {
        WSADATA data;
        WSAStartup(MAKEWORD(2, 2), &data);
    }
    ~Winsock() { WSACleanup(); }
    Winsock(const Winsock&) = delete;
    Winsock& operator=(const Winsock&) = delete;
};

struct Way {
    const char* name;
    int type;
    // Makes the socket go there; says what went wrong.
    std::function<std::string(SOCKET, const sockaddr_in&)> go;
    // Judged by the socket's own address: Wine's strong host sends what is bound out of the interface of its source.
    bool by_own_address = false;
};

const Way ways[] = {
    {"TCP, connect", SOCK_STREAM, plain_connect},
    {"TCP, connect after bind to the wildcard", SOCK_STREAM,
     [](SOCKET s, const sockaddr_in& to) { return bind_wildcard(s) ? plain_connect(s, to) : error("bind"); }},
    {"TCP, connect without blocking, select", SOCK_STREAM, connect_without_blocking},
    {"TCP, WSAConnect with WSAEventSelect", SOCK_STREAM, connect_with_event},
    {"TCP, ConnectEx", SOCK_STREAM, connect_ex},
    {"UDP, sendto", SOCK_DGRAM, send_plainly},
    {"UDP, sendto after bind to the wildcard", SOCK_DGRAM,
     [](SOCKET s, const sockaddr_in& to) { return bind_wildcard(s) ? send_plainly(s, to) : error("bind"); }},
    {"UDP, overlapped WSASendTo", SOCK_DGRAM, send_overlapped},
    {"UDP, WSASendMsg", SOCK_DGRAM, send_message},
    {"UDP, connect", SOCK_DGRAM, plain_connect, true},
};

// Whether a socket that the program itself binds to the source has it when it went that way. Wine's datagram sockets
// get the address of the route with `connect`, where the target is an address of the same host.
bool keeps_own_address(const Way& way, const sockaddr_in& to, const std::string& source) {
    const Socket socket(way.type);
    const sockaddr_in own = address(source, 0);
    return bind(socket, generic(own), sizeof(own)) == 0 && way.go(socket, to).empty() && own_address(socket) == source;
}

bool is_address(const std::string& text) {
    in_addr parsed{};
    return inet_pton(AF_INET, text.c_str(), &parsed) == 1 && parsed.s_addr != INADDR_ANY;
}

bool report(const std::string& way, const std::string& seen, const std::string& wanted, bool good) {
    std::printf("%s - %s: the target sees %s\n", good ? "ok" : "not ok", way.c_str(), seen.c_str());
    if (!good) std::printf("%s should be %s\n", way.c_str(), wanted.c_str());
    return good;
}

}  // namespace

int go_all_ways(const Addresses& addresses, bool ruled) {
    const Winsock winsock;
    int failed = 0;
    for (const Way& way : ways) {
        Target target(way.type, addresses.target);
        const Socket socket(way.type);
        std::string seen = way.go(socket, target.name());
        if (seen.empty()) seen = way.by_own_address ? own_address(socket) : target.visitor();
        const bool good = ruled ? seen == addresses.source : is_address(seen) && seen != addresses.source;
        if (!good && ruled && way.by_own_address && is_address(seen) &&
            !keeps_own_address(way, target.name(), addresses.source)) {
            std::printf("ok - %s # SKIP this system does not keep what a program binds either\n", way.name);
            continue;
        }
        if (!report(way.name, seen, ruled ? addresses.source : "another address than the rule's", good)) ++failed;
    }
    {
        // The program's own choice stands, rule or not.
        Target target(SOCK_STREAM, addresses.target);
        const Socket socket(SOCK_STREAM);
        const sockaddr_in own = address(addresses.target, 0);
        std::string seen =
            bind(socket, generic(own), sizeof(own)) == 0 ? plain_connect(socket, target.name()) : error("bind");
        if (seen.empty()) seen = target.visitor();
        const char* const way = "TCP, bound to an address by the program itself";
        if (!report(way, seen, addresses.target, seen == addresses.target)) ++failed;
    }
    return failed;
}

std::string send_across(const std::string& source, unsigned long interface_index, const std::string& destination) {
    const Winsock winsock;
    const Socket socket(SOCK_DGRAM);
    if (!bind_wildcard(socket)) return error("bind");
    struct alignas(8) {
        WSACMSGHDR header;
        char data[16];
    } control{};
    struct {
        in_addr source;
        unsigned long interface_index;
    } const info = {address(source, 0).sin_addr, interface_index};
    control.header.cmsg_len = WSA_CMSG_LEN(sizeof(info));
    control.header.cmsg_level = IPPROTO_IP;
    control.header.cmsg_type = IP_PKTINFO;
    std::memcpy(reinterpret_cast<char*>(&control) + WSA_CMSG_LEN(0), &info, sizeof(info));
    const std::string answer =
        send_message_with(socket, address(destination, 9),
                          {static_cast<ULONG>(WSA_CMSG_SPACE(sizeof(info))), reinterpret_cast<char*>(&control)});
    // No way to the destination is another matter.
    const int why = WSAGetLastError();
    return !answer.empty() && (why == WSAENETUNREACH || why == WSAEHOSTUNREACH) ? "" : answer;
}

std::string pin_both_families(unsigned long interface_index) {
    const Winsock winsock;
    const Socket socket(WSASocketW(AF_INET6, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED), 0);
    const DWORD both = 0;
    const DWORD pinned = htonl(interface_index);
    const auto set = [&](int level, int name, const DWORD& value) {
        return setsockopt(socket, level, name, reinterpret_cast<const char*>(&value), sizeof(value)) == 0;
    };
    if (!set(IPPROTO_IPV6, IPV6_V6ONLY, both)) return error("IPV6_V6ONLY");
    return set(IPPROTO_IP, IP_UNICAST_IF, pinned) ? "" : error("IP_UNICAST_IF");
}

}  // namespace selftest
