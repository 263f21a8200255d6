#include "hostile_situations.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstring>

#include "bad_memory.hpp"
#include "fixture.hpp"
#include "guarded_call.hpp"
#include "hostile_calls.hpp"

namespace test {

namespace {

enum class State { unbound, wildcard, fixed, loopback, connected };
struct NamedState {
    const char* name;
    State state;
};
constexpr NamedState states[] = {{"unbound", State::unbound},
                                 {"bound to the wildcard", State::wildcard},
                                 {"bound to the wildcard and a port", State::fixed},
                                 {"bound to loopback", State::loopback},
                                 {"connected", State::connected}};

struct SocketKind {
    const char* name;
    int family, type, protocol;
    bool in_all_states;  // what IPv4 shows in a state, the others need not show again
};
constexpr SocketKind kinds[] = {{"TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP, true},
                                {"UDP", AF_INET, SOCK_DGRAM, IPPROTO_UDP, true},
                                {"TCP over IPv6", AF_INET6, SOCK_STREAM, IPPROTO_TCP, false},
                                {"UDP over IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, false},
                                {"RAW", AF_INET, SOCK_RAW, IPPROTO_ICMP, false},
                                {"RAW over IPv6", AF_INET6, SOCK_RAW, IPPROTO_UDP, false}};

struct Name {
    sockaddr_storage storage{};
    int length = 0;
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Name name_of(const SocketKind& kind, bool loopback, int port) {
    Name name;
    if (kind.family == AF_INET6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(name.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<u_short>(port));
        v6.sin6_addr.s6_addr[15] = loopback ? 1 : 0;
        name.length = sizeof(v6);
    } else {
        reinterpret_cast<sockaddr_in&>(name.storage) = address(loopback ? "127.0.0.1" : "0.0.0.0", port);
        name.length = sizeof(sockaddr_in);
    }
    return name;
}

SOCKET open(const SocketKind& kind) {
    return WSASocketW(kind.family, kind.type, kind.protocol, nullptr, 0, WSA_FLAG_OVERLAPPED);
}

void bind_to(SOCKET s, Name name) { bind(s, name.get(), name.length); }

int port_of(SOCKET s) {
    Name name;
    name.length = sizeof(name.storage);
    getsockname(s, name.get(), &name.length);
    return ntohs(reinterpret_cast<const sockaddr_in&>(name.storage).sin_port);  // at the same place in IPv6's
}

// One for each family, as long as the process.
SOCKET listener_of(const SocketKind& kind) {
    static SOCKET listeners[] = {INVALID_SOCKET, INVALID_SOCKET};
    SOCKET& listener = listeners[kind.family == AF_INET6 ? 1 : 0];
    if (listener == INVALID_SOCKET) {
        listener = open(kind);
        bind_to(listener, name_of(kind, true, 0));
        listen(listener, 5);
    }
    return listener;
}

// Non-blocking, so that no call waits; never a fixed port that could be taken: 0 asks for one, then it is bound again.
SOCKET socket_in(State state, const SocketKind& kind) {
    const SOCKET s = open(kind);
    switch (state) {
        case State::unbound: break;
        case State::wildcard: bind_to(s, name_of(kind, false, 0)); break;
        case State::fixed: {
            const Socket probe(open(kind));
            bind_to(probe, name_of(kind, false, 0));
            const int port = port_of(probe);
            closesocket(const_cast<Socket&>(probe).release());
            bind_to(s, name_of(kind, false, port));
            break;
        }
        case State::loopback: bind_to(s, name_of(kind, true, 0)); break;
        case State::connected: {
            const bool stream = kind.type == SOCK_STREAM;
            Name destination = name_of(kind, true, stream ? port_of(listener_of(kind)) : 9);
            connect(s, destination.get(), destination.length);
            if (stream) closesocket(accept(listener_of(kind), nullptr, nullptr));
            break;
        }
    }
    u_long non_blocking = 1;
    ioctlsocket(s, FIONBIO, &non_blocking);
    return s;
}

std::string outcome_on(const SocketKind& kind, State state, const std::function<int(SOCKET)>& call) {
    const SOCKET s = socket_in(state, kind);
    if (s == INVALID_SOCKET) return "no socket";
    family = kind.family;
    std::memset(&overlapped, 0, sizeof(overlapped));
    const std::string outcome = outcome_of([&] { return call(s); });
    closesocket(s);
    return outcome;
}

}  // namespace

Situations bad_arguments() {
    Situations situations;
    for (const SocketKind& kind : kinds) {
        const unsigned row_kind = kind.type == SOCK_STREAM ? stream : datagram;
        for (const auto& [state_name, state] : states) {
            if (!kind.in_all_states && (state == State::fixed || state == State::loopback)) continue;
            const std::string where = std::string(kind.name) + ", " + state_name + ": ";
            for (const BadCall& bad : bad_calls()) {
                if ((bad.kinds & row_kind) == 0) continue;
                situations.push_back(
                    {where + bad.name, [&kind, state = state, &bad] { return outcome_on(kind, state, bad.call); }});
            }
            for (const BadPointer& bad : bad_pointers()) {
                if ((bad.kinds & row_kind) == 0) continue;
                for (std::size_t i = 0; i < bad_memory_count; ++i) {
                    situations.push_back(
                        {where + bad.name + " at " + bad_memory()[i].name, [&kind, state = state, &bad, i] {
                             void* const at = bad_memory()[i].at;
                             return outcome_on(kind, state, [&](SOCKET s) { return bad.call(s, at); });
                         }});
                }
            }
        }
    }
    return situations;
}

bool is_fatal(const std::string& outcome) {
    return sizeof(void*) == 4 && (outcome == "hangs" || outcome.starts_with("fault"));
}

}  // namespace test
