// What a connection costs that a rule leads through a proxy, beside one that goes directly and one whose program speaks
// SOCKS5 itself; one line of JSON.
//
// stream_bench ADDRESS PORT MEGABYTES [PROXY PORT]: towards bench/sink.cjs, through the proxy if one is named. Whether
// a rule leads it there as well is not this program's business.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "measure.hpp"

using measure::name_of;
using measure::seconds_now;

namespace {

constexpr int batch = 500;
constexpr int batches = 15;
constexpr int connects = 50;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "%s: error %d\n", what, WSAGetLastError());
    std::exit(1);
}

// Median of the batches' means, in microseconds a call.
template <typename Call>
double cost(Call call) {
    return measure::cost(call, batch, batches) * 1e6;
}

void send_all(SOCKET s, const char* data, int length) {
    while (length > 0) {
        const int sent = send(s, data, length, 0);
        if (sent <= 0) fail("send");
        data += sent;
        length -= sent;
    }
}

void receive_all(SOCKET s, void* data, int length) {
    for (char* at = static_cast<char*>(data); length > 0;) {
        const int received = recv(s, at, length, 0);
        if (received <= 0) fail("recv");
        at += received;
        length -= received;
    }
}

struct Ends {
    sockaddr_in target;
    sockaddr_in proxy;  // family 0: none
};

// RFC 1928, as a program has it that trusts its proxy.
void speak_socks5(SOCKET s, const sockaddr_in& target) {
    send_all(s, "\5\1\0", 3);
    char reply[10];
    receive_all(s, reply, 2);
    char request[10] = {5, 1, 0, 1};
    std::memcpy(request + 4, &target.sin_addr, 4);
    std::memcpy(request + 8, &target.sin_port, 2);
    send_all(s, request, sizeof(request));
    receive_all(s, reply, sizeof(reply));
    if (reply[1] != 0) fail("the proxy");
}

SOCKET open_connection(const Ends& ends) {
    const SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
    const bool spoken = ends.proxy.sin_family != 0;
    const sockaddr_in& first = spoken ? ends.proxy : ends.target;
    if (connect(s, reinterpret_cast<const sockaddr*>(&first), sizeof(first)) != 0) fail("connect");
    if (spoken) speak_socks5(s, ends.target);
    const BOOL on = TRUE;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof(on));
    return s;
}

SOCKET open_connection(const Ends& ends, char mode) {
    const SOCKET s = open_connection(ends);
    send_all(s, &mode, 1);
    return s;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    WSADATA winsock;
    if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0) return 1;
    const Ends ends{name_of(argv[1], std::atoi(argv[2])),
                    argc > 5 ? name_of(argv[4], std::atoi(argv[5])) : sockaddr_in{}};
    const long long bytes = std::atoll(argv[3]) << 20;

    std::vector<double> times;
    for (int i = 0; i < connects; ++i) {
        const double begin = seconds_now();
        const SOCKET s = open_connection(ends);
        times.push_back((seconds_now() - begin) * 1e6);
        closesocket(s);
    }
    std::printf("{\"connect\":%.1f", measure::median(times));

    char data[16] = {};
    const SOCKET echo = open_connection(ends, 'e');
    std::printf(",\"exchange\":%.3f", cost([&] {
                    send_all(echo, data, sizeof(data));
                    receive_all(echo, data, sizeof(data));
                }));
    closesocket(echo);
    const SOCKET small = open_connection(ends, 's');
    std::printf(",\"send\":%.3f", cost([&] { send_all(small, data, sizeof(data)); }));
    closesocket(small);

    const std::vector<char> chunk(256 << 10);
    const SOCKET large = open_connection(ends, 'n');
    send_all(large, reinterpret_cast<const char*>(&bytes), sizeof(bytes));
    const double begin = seconds_now();
    for (long long sent = 0; sent < bytes; sent += static_cast<long long>(chunk.size())) {
        send_all(large, chunk.data(), static_cast<int>(chunk.size()));
    }
    char all_there = 0;
    receive_all(large, &all_there, sizeof(all_there));
    std::printf(",\"rate\":%.1f}\n", static_cast<double>(bytes) / (seconds_now() - begin) / (1 << 20));
    closesocket(large);
    return 0;
}
