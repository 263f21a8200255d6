// What refuses refuses, and a kill switch kills, whatever the program chose: an address, an interface, packet info, an
// IP header (docs/policy.md). What it chose is never changed.
#include <doctest/doctest.h>
#include <windows.h>

#include <cstring>
#include <vector>

#include "control_record.hpp"
#include "extension.hpp"
#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

int choose_interface(SOCKET s) {
    const DWORD index = htonl(tunnel_interface());
    return setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, reinterpret_cast<const char*>(&index), sizeof(index));
}

int send_with_packet_info(SOCKET s, const char* from, int port) {
    DWORD bytes = 0;
    const auto send = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    REQUIRE((send != nullptr));
    ControlRecord control(IP_PKTINFO, 8);
    const sockaddr_in own = address(from, 0);
    std::memcpy(control.data, &own.sin_addr, 4);
    char data[] = "hello";
    WSABUF buffer{5, data};
    sockaddr_in name = address(target_address, port);
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name);
    message.namelen = sizeof(name);
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    message.Control = control.buffer();
    return send(s, &message, 0, &bytes, nullptr, nullptr) == 0 ? 0 : WSAGetLastError();
}

// An IPv4 packet, its header written by the program.
int send_with_header(SOCKET s, const char* from) {
    const DWORD on = 1;
    REQUIRE(setsockopt(s, IPPROTO_IP, IP_HDRINCL, reinterpret_cast<const char*>(&on), sizeof(on)) == 0);
    unsigned char packet[28] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 253};
    const sockaddr_in source = address(from, 0);
    const sockaddr_in to = address(target_address, 0);
    std::memcpy(packet + 12, &source.sin_addr, 4);
    std::memcpy(packet + 16, &to.sin_addr, 4);
    return sendto(s, reinterpret_cast<const char*>(packet), sizeof(packet), 0, reinterpret_cast<const sockaddr*>(&to),
                  sizeof(to)) == SOCKET_ERROR
               ? WSAGetLastError()
               : 0;
}

// How a program chooses its source, and what it then does. 0, or the error.
struct Choice {
    const char* name;
    const char* chosen;  // the address; null where it is an interface
    int (*reach)(int tcp_port, int udp_port);
};

const Choice choices[] = {
    {"a stream bound to the virtual address", virtual_address,
     [](int port, int) {
         const Socket s = tcp();
         REQUIRE(bind_to(s, virtual_address, 0) == 0);
         return connect_to(s, target_address, port);
     }},
    {"a stream bound to the physical address", physical_address,
     [](int port, int) {
         const Socket s = tcp();
         REQUIRE(bind_to(s, physical_address, 0) == 0);
         return connect_to(s, target_address, port);
     }},
    {"ConnectEx on a bound stream", virtual_address,
     [](int port, int) {
         const Socket s = tcp();
         REQUIRE(bind_to(s, virtual_address, 0) == 0);
         return connect_ex_to(s, target_address, port);
     }},
    {"a stream with IP_UNICAST_IF", nullptr,
     [](int port, int) {
         const Socket s = tcp();
         REQUIRE(choose_interface(s) == 0);
         return connect_to(s, target_address, port);
     }},
    {"a datagram socket bound to the virtual address", virtual_address,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(bind_to(s, virtual_address, 0) == 0);
         return send_to(s, target_address, port);
     }},
    {"a datagram socket bound to the physical address", physical_address,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(bind_to(s, physical_address, 0) == 0);
         return send_to(s, target_address, port);
     }},
    {"a bound datagram socket that connects", virtual_address,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(bind_to(s, virtual_address, 0) == 0);
         return connect_to(s, target_address, port);
     }},
    {"a datagram socket with IP_UNICAST_IF", nullptr,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(choose_interface(s) == 0);
         return send_to(s, target_address, port);
     }},
    {"packet info of the virtual address", virtual_address,
     [](int, int port) { return send_with_packet_info(udp(), virtual_address, port); }},
    {"packet info of the physical address", physical_address,
     [](int, int port) { return send_with_packet_info(udp(), physical_address, port); }},
    {"packet info on a bound socket", virtual_address,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(bind_to(s, physical_address, 0) == 0);
         return send_with_packet_info(s, virtual_address, port);
     }},
    {"an IP header of the program's with the virtual address", virtual_address,
     [](int, int) { return send_with_header(Socket(SOCK_RAW, IPPROTO_ICMP), virtual_address); }},
    {"an IP header of the program's with the physical address", physical_address,
     [](int, int) { return send_with_header(Socket(SOCK_RAW, IPPROTO_ICMP), physical_address); }},
    {"a raw socket bound to the virtual address", virtual_address,
     [](int, int) {
         const Socket s(SOCK_RAW, IPPROTO_ICMP);
         REQUIRE(bind_to(s, virtual_address, 0) == 0);
         return send_to(s, target_address, 0);
     }},
    {"a socket of ours that sends elsewhere", nullptr,
     [](int, int port) {
         const Socket s = udp();
         REQUIRE(connect_to(s, "11.22.33.45", 9) == 0);
         return send_to(s, target_address, port);
     }},
};

void check_all(const std::vector<std::string>& rules, int (*expected)(const Choice&)) {
    const AdministratorRules in_force(rules);
    for (const Choice& choice : choices) {
        CAPTURE(std::string(choice.name));
        TcpTarget listener(target_address);
        UdpTarget receiver(target_address);
        const int error = choice.reach(listener.port(), receiver.port());
        // Wine refuses some of these without us too; what is asked is whether it was us.
        if (expected(choice) == WSAEACCES) CHECK(error == WSAEACCES);
        if (expected(choice) == 0) CHECK(error != WSAEACCES);
    }
}

}  // namespace

TEST_SUITE_BEGIN("rules");

TEST_CASE("a rule that refuses a destination refuses it whatever source the program chose") {
    check_all({"to 1.2.3.0/24 refuse", "to 11.22.33.45 source 11.22.33.44"}, [](const Choice&) { return WSAEACCES; });
}

TEST_CASE("source or nothing: another source of the program's is refused, the rule's own is not") {
    check_all({"to 1.2.3.0/24 source 11.22.33.44 otherwise refuse", "to 11.22.33.45 source 128.129.0.2"},
              [](const Choice& choice) {
                  return choice.chosen != nullptr && choice.chosen == std::string(physical_address) ? 0 : WSAEACCES;
              });
}

TEST_CASE("source, or else as without us: what the program chose goes on") {
    check_all({"to 1.2.3.0/24 source 11.22.33.44", "to 11.22.33.45 source 128.129.0.2", "to 9.9.9.9 refuse"},
              [](const Choice&) { return 0; });
}

// Its calls go straight below while nothing can refuse them, and still have to learn of a rule that does.
TEST_CASE("a program that only sends from a bound socket is refused within 100 ms of a rule that says so") {
    UdpTarget target(target_address);
    const Socket s = udp();
    REQUIRE(bind_to(s, physical_address, 0) == 0);
    for (int i = 0; i < 1000; ++i) REQUIRE(send_to(s, target_address, target.port()) == 0);
    const AdministratorRules rules({"to 1.2.3.0/24 refuse"});
    CHECK(send_to(s, target_address, target.port()) == WSAEACCES);
}

TEST_SUITE_END();
