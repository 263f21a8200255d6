// The action `through`, judged by what reaches the base provider: Linux, and so Wine, ignores the option for streams.
#include <doctest/doctest.h>
#include <windows.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "control_record.hpp"
#include "core/text.hpp"
#include "extension.hpp"
#include "fixture.hpp"
#include "system/interfaces.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

constexpr char physical6[] = "fd11::44";
constexpr char target6[] = "fd01::4";
constexpr int own_port = 54322;  // only ever bound here

std::uint32_t physical_interface() {
    const auto found = lsp::system::find_address(*lsp::parse_address(physical_address));
    REQUIRE(found);
    REQUIRE(found->has_value());
    return (*found)->interface_index;
}

std::string index_text() { return std::to_string(physical_interface()); }

// The bytes of a DWORD as the recording has them.
std::string bytes_of(DWORD value) {
    unsigned char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    char text[2 * sizeof(value) + 1];
    std::snprintf(text, sizeof(text), "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    return text;
}

// IP_UNICAST_IF takes network byte order, IPV6_UNICAST_IF the host's: as the documents say, and not as lower.cpp does.
std::string option_record(int family, std::uint32_t interface_index) {
    const DWORD network = interface_index << 24U | (interface_index & 0xff00U) << 8U |
                          (interface_index >> 8U & 0xff00U) | interface_index >> 24U;
    return family == AF_INET ? "\"level\":0,\"option\":31,\"value\":\"" + bytes_of(network) + "\""
                             : "\"level\":41,\"option\":31,\"value\":\"" + bytes_of(interface_index) + "\"";
}

// An address of the socket's family; an IPv4 address on an IPv6 socket is mapped.
struct Name {
    sockaddr_storage storage{};
    int length = 0;
    Name(int family, std::string text, int port) {
        if (family == AF_INET) {
            const sockaddr_in name = address(text.c_str(), port);
            std::memcpy(&storage, &name, sizeof(name));
            length = sizeof(name);
            return;
        }
        sockaddr_in6 name{};
        name.sin6_family = AF_INET6;
        name.sin6_port = htons(static_cast<u_short>(port));
        if (text.find(':') == std::string::npos) text = "::ffff:" + text;
        REQUIRE(inet_pton(AF_INET6, text.c_str(), &name.sin6_addr) == 1);
        std::memcpy(&storage, &name, sizeof(name));
        length = sizeof(name);
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Socket make(int family, int type) {
    const SOCKET s = WSASocketW(family, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
    REQUIRE(s != INVALID_SOCKET);
    if (family == AF_INET6) {
        const DWORD off = 0;
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<const char*>(&off), sizeof(off));
    }
    return Socket(s);
}

int bind_wildcard(SOCKET s, int family, int port) {
    const Name any(family, family == AF_INET ? "0.0.0.0" : "::", port);
    return bind(s, any.get(), any.length) == 0 ? 0 : WSAGetLastError();
}

enum class How { connect, nonblocking, connect_ex, send_to, send_msg, send_msg_marked, connect_and_send };

int send_message(SOCKET s, const Name& to, bool marked) {
    const auto send = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    REQUIRE((send != nullptr));
    ControlRecord control(ip_ecn, sizeof(INT));
    char data[] = "hello";
    WSABUF buffer{5, data};
    WSAMSG message{};
    message.name = const_cast<sockaddr*>(to.get());
    message.namelen = to.length;
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    if (marked) message.Control = control.buffer();
    DWORD sent = 0;
    return send(s, &message, 0, &sent, nullptr, nullptr) == 0 ? 0 : WSAGetLastError();
}

// As connect_ex_to, with the error that a program learns where it looks next.
int connect_ex_fully(SOCKET s, const Name& to, const char* data = nullptr) {
    const auto connect_ex = extension<LPFN_CONNECTEX>(s, WSAID_CONNECTEX);
    REQUIRE((connect_ex != nullptr));
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    DWORD bytes = 0;
    DWORD flags = 0;
    const DWORD length = data == nullptr ? 0 : static_cast<DWORD>(std::strlen(data));
    int error = connect_ex(s, to.get(), to.length, const_cast<char*>(data), length, &bytes, &overlapped)
                    ? 0
                    : WSAGetLastError();
    if (error == WSA_IO_PENDING)
        error = WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags) ? 0 : WSAGetLastError();
    CloseHandle(overlapped.hEvent);
    if (error == 0 && setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0) != 0) error = WSAGetLastError();
    return error;
}

int reach(SOCKET s, const Name& to, How how) {
    const auto result = [](int outcome) { return outcome >= 0 ? 0 : WSAGetLastError(); };
    switch (how) {
        case How::connect: return result(connect(s, to.get(), to.length));
        case How::nonblocking: {
            u_long on = 1;
            REQUIRE(ioctlsocket(s, FIONBIO, &on) == 0);
            const int error = result(connect(s, to.get(), to.length));
            return error == WSAEWOULDBLOCK ? 0 : error;
        }
        case How::connect_ex: return connect_ex_fully(s, to);
        case How::send_to: return result(sendto(s, "hello", 5, 0, to.get(), to.length));
        case How::send_msg: return send_message(s, to, false);
        case How::send_msg_marked: return send_message(s, to, true);
        case How::connect_and_send: {
            const int error = result(connect(s, to.get(), to.length));
            return error != 0 ? error : result(send(s, "hello", 5, 0));
        }
    }
    return -1;
}

// What the base provider is to see.
enum class Seen { option_and_bind, packet_info };

struct Situation {
    const char* name;
    int family;
    int type;
    bool bound;  // to the wildcard and port 0
    How how;
    const char* destination;
    Seen seen;
};

const Situation situations[] = {
    {"unbound", AF_INET, SOCK_STREAM, false, How::connect, target_address, Seen::option_and_bind},
    {"deferred", AF_INET, SOCK_STREAM, true, How::connect, target_address, Seen::option_and_bind},
    {"non-blocking", AF_INET, SOCK_STREAM, true, How::nonblocking, target_address, Seen::option_and_bind},
    {"ConnectEx", AF_INET, SOCK_STREAM, true, How::connect_ex, target_address, Seen::option_and_bind},
    {"IPv6", AF_INET6, SOCK_STREAM, false, How::connect, target6, Seen::option_and_bind},
    {"IPv6, ConnectEx", AF_INET6, SOCK_STREAM, true, How::connect_ex, target6, Seen::option_and_bind},
    {"dual-stack, mapped", AF_INET6, SOCK_STREAM, false, How::connect, target_address, Seen::option_and_bind},
    {"dual-stack, mapped, ConnectEx", AF_INET6, SOCK_STREAM, true, How::connect_ex, target_address,
     Seen::option_and_bind},
    {"a connected datagram socket", AF_INET, SOCK_DGRAM, false, How::connect_and_send, target_address,
     Seen::option_and_bind},
    {"a connected datagram socket, deferred", AF_INET, SOCK_DGRAM, true, How::connect_and_send, target_address,
     Seen::option_and_bind},
    {"a connected datagram socket, IPv6", AF_INET6, SOCK_DGRAM, false, How::connect_and_send, target6,
     Seen::option_and_bind},
    {"a connected datagram socket, mapped", AF_INET6, SOCK_DGRAM, false, How::connect_and_send, target_address,
     Seen::option_and_bind},
    {"sendto", AF_INET, SOCK_DGRAM, false, How::send_to, target_address, Seen::packet_info},
    {"sendto, bound", AF_INET, SOCK_DGRAM, true, How::send_to, target_address, Seen::packet_info},
    {"sendto, IPv6", AF_INET6, SOCK_DGRAM, false, How::send_to, target6, Seen::packet_info},
    {"sendto, mapped", AF_INET6, SOCK_DGRAM, false, How::send_to, target_address, Seen::packet_info},
    {"WSASendMsg", AF_INET, SOCK_DGRAM, false, How::send_msg, target_address, Seen::packet_info},
    {"WSASendMsg with the program's own control data", AF_INET, SOCK_DGRAM, false, How::send_msg_marked, target_address,
     Seen::packet_info},
};

bool is_ipv6(const char* text) { return std::strchr(text, ':') != nullptr; }

void check_seen(const Situation& situation, const Recording& recording, SOCKET s) {
    const std::string own = is_ipv6(situation.destination) ? physical6 : physical_address;
    const std::string socket_text = "\"socket\":" + std::to_string(s) + ",";
    if (situation.seen == Seen::packet_info) {
        CHECK(recording.find({"\"call\":\"WSASendMsg\"", socket_text,
                              "\"pktinfo\":{\"source\":\"" + own + "\",\"interface\":" + index_text() + "}"}) !=
              Recording::npos);
        CHECK(recording.calls("WSASendMsg").size() == 1);
        return;
    }
    const std::size_t pinned =
        recording.find({"\"call\":\"setsockopt\"", socket_text,
                        option_record(is_ipv6(situation.destination) ? AF_INET6 : AF_INET, physical_interface())});
    const std::size_t bound = recording.find({"\"call\":\"bind\"", socket_text, own});
    const std::size_t connected = recording.find(
        {situation.how == How::connect_ex ? "\"call\":\"ConnectEx\"" : "\"call\":\"connect\"", socket_text});
    CHECK(pinned < bound);
    CHECK(bound < connected);
    CHECK(connected != Recording::npos);
}

const std::vector<std::string>& through_physical() {
    static const std::vector<std::string> rules = {"to 1.2.3.0/24,fd01::/64 through " + index_text()};
    return rules;
}

std::vector<std::string> with_otherwise(const char* otherwise) {
    return {"to 1.2.3.0/24,fd01::/64 through " + index_text() + " otherwise " + otherwise};
}

int choose_interface(SOCKET s, std::uint32_t interface_index) {
    const DWORD value = htonl(interface_index);
    return setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, reinterpret_cast<const char*>(&value), sizeof(value));
}

void tell_answer(const char* answer) { SetEnvironmentVariableA("TEST_WINSOCK_ANSWER", answer); }

}  // namespace

TEST_SUITE_BEGIN("rules");

TEST_CASE("through an interface: the option in its byte order, then the interface's own address, then the call") {
    const AdministratorRules rules(through_physical());
    for (const Situation& situation : situations) {
        CAPTURE(std::string(situation.name));
        TcpTarget listener(target_address);
        const Recording recording;
        const Socket s = make(situation.family, situation.type);
        if (situation.bound) REQUIRE(bind_wildcard(s, situation.family, 0) == 0);
        const int error = reach(s, Name(situation.family, situation.destination, listener.port()), situation.how);
        // Nobody listens on the IPv6 target.
        if (!is_ipv6(situation.destination)) CHECK(error == 0);
        CHECK(error != WSAEACCES);
        check_seen(situation, recording, s);
    }
}

TEST_CASE("through an interface: what came before the datagram, and what goes elsewhere, is left alone") {
    const AdministratorRules rules(through_physical());
    UdpTarget lan(physical_address);
    const Recording recording;
    const Socket s = udp();
    REQUIRE(send_to(s, physical_address, lan.port()) == 0);
    REQUIRE(send_to(s, target_address, 9) == 0);
    REQUIRE(send_to(s, physical_address, lan.port()) == 0);
    CHECK(recording.calls("WSASendMsg").size() == 1);
    CHECK(recording.calls("sendto").size() == 2);
    CHECK(recording.calls("setsockopt").empty());
}

TEST_CASE("a socket that is bound to the wildcard has the option alone, and is checked once it is connected") {
    for (const char* const otherwise : {"refuse", "keep"}) {
        const AdministratorRules rules(with_otherwise(otherwise));
        const bool keeps = std::string(otherwise) == "keep";
        for (const How how : {How::connect, How::nonblocking, How::connect_ex}) {
            CAPTURE(static_cast<int>(how));
            TcpTarget listener(target_address);
            const Recording recording;
            const Socket s = tcp();
            REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
            // Wine leaves from the target's own address, for it ignores the option.
            CHECK(reach(s, Name(AF_INET, target_address, listener.port()), how) == (keeps ? 0 : WSAEACCES));
            CHECK(recording.find({"\"call\":\"setsockopt\"", option_record(AF_INET, physical_interface())}) !=
                  Recording::npos);
            CHECK(recording.calls("bind").size() == 1);  // the program's
            // Nothing goes where it must not.
            if (!keeps) CHECK(send(s, "secret", 6, 0) == SOCKET_ERROR);
        }
        TcpTarget lan(physical_address);
        const AdministratorRules lan_rules(
            {std::string("to 11.22.33.0/24 through ") + index_text() + " otherwise " + otherwise});
        const Socket s = tcp();
        REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
        CHECK(connect_to(s, physical_address, lan.port()) == 0);
        CHECK(send(s, "fine", 4, 0) == 4);
    }
}

TEST_CASE("a ConnectEx on such a socket is checked at the first data too, and takes none along") {
    const AdministratorRules rules(through_physical());
    TcpTarget listener(target_address);
    const Name target(AF_INET, target_address, listener.port());
    {
        const Socket s = tcp();
        REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
        CHECK(connect_ex_fully(s, target, "secret") == WSAEACCES);
    }
    const Socket s = tcp();
    REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
    const auto connect_ex = extension<LPFN_CONNECTEX>(s, WSAID_CONNECTEX);
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    DWORD bytes = 0;
    DWORD flags = 0;
    if (!connect_ex(s, target.get(), target.length, nullptr, 0, nullptr, &overlapped)) {
        REQUIRE(WSAGetLastError() == WSA_IO_PENDING);
        CHECK(WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags));
    }
    CloseHandle(overlapped.hEvent);
    CHECK(send(s, "secret", 6, 0) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSAEACCES);
}

TEST_CASE("a wildcard socket's way is for its destination alone") {
    const AdministratorRules rules(with_otherwise("keep"));
    TcpTarget lan(physical_address);
    const Recording recording;
    const Socket s = tcp();
    REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
    CHECK(connect_to(s, target_address, 1) == WSAECONNREFUSED);
    connect_to(s, physical_address, lan.port());
    const std::size_t pinned =
        recording.find({"\"call\":\"setsockopt\"", option_record(AF_INET, physical_interface())});
    const std::size_t freed = recording.find({"\"call\":\"setsockopt\"", option_record(AF_INET, 0)});
    CHECK(pinned < freed);
    CHECK(freed != Recording::npos);
}

TEST_CASE("a system without the option, an interface that is not there, or has no such address: the rule's otherwise") {
    TcpTarget listener(target_address);
    for (const char* const otherwise : {"refuse", "keep"}) {
        const bool keeps = std::string(otherwise) == "keep";
        const auto connects = [&](bool fixed) {
            const Socket s = tcp();
            if (fixed) REQUIRE(bind_wildcard(s, AF_INET, own_port) == 0);
            return connect_to(s, target_address, listener.port());
        };
        {
            const AdministratorRules rules(with_otherwise(otherwise));
            tell_answer("setsockopt 0 31 10042");
            CHECK(connects(false) == (keeps ? 0 : WSAEACCES));
            CHECK(connects(true) == (keeps ? 0 : WSAEACCES));
            tell_answer("bind 10049");
            CHECK(connects(false) == (keeps ? 0 : WSAEADDRNOTAVAIL));
            tell_answer("WSASendMsg 10049");
            CHECK(send_to(udp(), target_address, 9) == (keeps ? 0 : WSAEADDRNOTAVAIL));
            tell_answer(nullptr);
            CHECK(connects(false) == 0);
        }
        const AdministratorRules absent({std::string("to 1.2.3.0/24 through 4711 otherwise ") + otherwise});
        CHECK(connects(false) == (keeps ? 0 : WSAEACCES));
        CHECK(send_to(udp(), target_address, 9) == (keeps ? 0 : WSAEACCES));
    }
}

TEST_CASE("what the program chose itself is never changed, and refused unless it is what the rule wants") {
    for (const char* const otherwise : {"refuse", "keep"}) {
        const AdministratorRules rules(with_otherwise(otherwise));
        const int other = std::string(otherwise) == "keep" ? 0 : WSAEACCES;
        TcpTarget listener(target_address);
        for (const bool wanted : {true, false}) {
            const int expected = wanted ? 0 : other;
            const char* const from = wanted ? physical_address : virtual_address;
            const std::uint32_t by = wanted ? physical_interface() : tunnel_interface();
            const Socket bound = tcp();
            REQUIRE(bind_to(bound, from, 0) == 0);
            const Recording recording;
            CHECK(connect_to(bound, target_address, listener.port()) == expected);
            const Socket chosen = tcp();
            REQUIRE(choose_interface(chosen, by) == 0);
            CHECK(connect_to(chosen, target_address, listener.port()) == expected);
            CHECK(recording.calls("bind").empty());
            CHECK(recording.calls("setsockopt").size() == 1);  // the program's
            const Socket datagrams = udp();
            REQUIRE(choose_interface(datagrams, by) == 0);
            // Wine may have no way there by that interface; what is asked is whether it was us.
            CHECK((send_to(datagrams, target_address, 9) == WSAEACCES) == (expected == WSAEACCES));
        }
        // The address of the one, the interface of the other.
        const Socket mixed = tcp();
        REQUIRE(choose_interface(mixed, tunnel_interface()) == 0);
        REQUIRE(bind_to(mixed, physical_address, 0) == 0);
        CHECK(connect_to(mixed, target_address, listener.port()) == other);
    }
}

TEST_CASE("a connected socket that sends elsewhere by the way has its own way back before its next datagram") {
    const AdministratorRules rules(through_physical());
    UdpTarget lan(physical_address);
    const Recording recording;
    const Socket s = udp();
    REQUIRE(connect_to(s, target_address, 9) == 0);
    REQUIRE(send_to(s, physical_address, lan.port()) == 0);
    REQUIRE(send(s, "hello", 5, 0) == 5);
    std::vector<std::string> pins = recording.calls("setsockopt");
    std::erase_if(pins, [](const std::string& line) { return line.find("\"option\":31,") == std::string::npos; });
    REQUIRE(pins.size() == 3);
    CHECK(pins[0].find(option_record(AF_INET, physical_interface())) != std::string::npos);
    CHECK(pins[1].find(option_record(AF_INET, 0)) != std::string::npos);
    CHECK(pins[2].find(option_record(AF_INET, physical_interface())) != std::string::npos);
}

TEST_SUITE_END();
