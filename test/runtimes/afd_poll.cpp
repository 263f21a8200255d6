// Polls sockets as libuv's uv_poll does on Windows (src/win/poll.c), which Bun and c-ares wait by: it asks for the base
// handle and the protocol info, takes its fast path if a provider of Microsoft's has the socket, makes a peer socket of
// that info, and asks AFD through it. Run with our layer in the catalog and without: what it prints is to be the same.
//
//     afd_poll TARGET EXPECTED
//
// TARGET is an address of this host, on which the program's own server listens; EXPECTED the source that this server is
// to see. Prints how many of its sockets did what they should, a line a step; on its last line those that the server
// saw with that source.
#include <winsock2.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <mswsock.h>
#include <windows.h>
#include <winternl.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int socket_count = 200;
constexpr DWORD pause_ms = 2000;
constexpr DWORD patience_ms = 20'000;

// Windows' own, as far as anybody has published them (wepoll, libuv).
constexpr ULONG ioctl_afd_poll = 0x00012024;
constexpr ULONG afd_poll_receive = 0x1, afd_poll_send = 0x4, afd_poll_disconnect = 0x8, afd_poll_abort = 0x10,
                afd_poll_local_close = 0x20, afd_poll_connect_fail = 0x100;

struct AfdPollInfo {
    LARGE_INTEGER timeout;  // 100 ns; negative: from now on
    ULONG handle_count;
    ULONG exclusive;
    HANDLE handle;
    ULONG events;
    NTSTATUS status;
};

using DeviceIoControl_ = NTSTATUS NTAPI(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG,
                                        PVOID, ULONG);

DeviceIoControl_* device_io_control() {
    static auto* const function = reinterpret_cast<DeviceIoControl_*>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtDeviceIoControlFile")));
    return function;
}

// The providers for which libuv takes its fast path: MSAFD's of IPv4, IPv6 and IrDA (uv_msafd_provider_ids).
constexpr GUID microsofts[] = {
    {0xe70f1aa0, 0xab8b, 0x11cf, {0x8c, 0xa3, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92}},
    {0xf9eab0c0, 0x26d4, 0x11d0, {0xbb, 0xbf, 0x00, 0xaa, 0x00, 0x6c, 0x34, 0xe4}},
    {0x9fc48064, 0x7298, 0x43e4, {0xb7, 0xbd, 0x18, 0x1f, 0x20, 0x89, 0x79, 0x2a}},
};

// A client's socket as uv_poll_t has it.
struct Polled {
    SOCKET socket = INVALID_SOCKET;  // the program's
    SOCKET base = INVALID_SOCKET;
    SOCKET peer = INVALID_SOCKET;  // through which AFD is asked
    bool fast = false;
};

bool begin_polling(Polled& polled) {
    DWORD bytes = 0;
    // libuv goes on with the program's handle if it gets no other.
    if (WSAIoctl(polled.socket, SIO_BASE_HANDLE, nullptr, 0, &polled.base, sizeof(polled.base), &bytes, nullptr,
                 nullptr) != 0) {
        polled.base = polled.socket;
    }
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    if (getsockopt(polled.base, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) != 0)
        return false;
    polled.fast = std::any_of(std::begin(microsofts), std::end(microsofts),
                              [&](const GUID& id) { return IsEqualGUID(id, info.ProviderId); });
    polled.peer = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
    return polled.peer != INVALID_SOCKET;
}

// The events that came, or 0 if none did.
ULONG poll(const Polled& polled, ULONG events, DWORD timeout_ms) {
    constexpr LONGLONG ticks_per_ms = 10'000;
    AfdPollInfo info{};
    info.timeout.QuadPart = -static_cast<LONGLONG>(timeout_ms) * ticks_per_ms;
    info.handle_count = 1;
    info.handle = reinterpret_cast<HANDLE>(polled.base);
    info.events = events | afd_poll_local_close;
    IO_STATUS_BLOCK status{};
    const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    const NTSTATUS result = device_io_control()(reinterpret_cast<HANDLE>(polled.peer), event, nullptr, nullptr, &status,
                                                ioctl_afd_poll, &info, sizeof(info), &info, sizeof(info));
    bool ended = result != STATUS_PENDING;
    if (!ended) ended = WaitForSingleObject(event, timeout_ms + patience_ms) == WAIT_OBJECT_0;
    if (!ended) {
        // What the kernel may still write to is on this stack.
        std::printf("a poll does not end\n");
        std::fflush(stdout);
        TerminateProcess(GetCurrentProcess(), 3);
    }
    CloseHandle(event);
    return result >= 0 && info.handle_count > 0 ? info.events : 0;
}

sockaddr_in name_of(const char* address, u_short port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = port;
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

template <typename Works>
int count(std::vector<Polled>& all, Works works) {
    return static_cast<int>(std::count_if(all.begin(), all.end(), works));
}

void tell(const char* step, int of) { std::printf("%s: %d of %d\n", step, of, socket_count); }

bool receives(SOCKET s, const std::string& expected) {
    std::string received;
    char buffer[64];
    while (received.size() < expected.size()) {
        const int length = recv(s, buffer, sizeof(buffer), 0);
        if (length <= 0) return false;
        received.append(buffer, static_cast<std::size_t>(length));
    }
    return received == expected;
}

void send_all(const std::vector<SOCKET>& sockets, const std::string& text) {
    for (const SOCKET s : sockets) send(s, text.data(), static_cast<int>(text.size()), 0);
}

int run(const char* target, const char* expected) {
    const SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in name = name_of(target, 0);
    int length = sizeof(name);
    if (bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof(name)) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
        std::fprintf(stderr, "no server on %s: error %d\n", target, WSAGetLastError());
        return 1;
    }
    std::vector<SOCKET> served;
    int with_source = 0;
    std::thread server([&] {
        for (int i = 0; i < socket_count; ++i) {
            sockaddr_in from{};
            int from_length = sizeof(from);
            served.push_back(accept(listener, reinterpret_cast<sockaddr*>(&from), &from_length));
            char text[INET_ADDRSTRLEN] = {};
            inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text));
            if (std::strcmp(text, expected) == 0) ++with_source;
        }
    });

    std::vector<Polled> all(socket_count);
    tell("connects", count(all, [&](Polled& each) {
             each.socket = WSASocketW(AF_INET, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
             u_long yes = 1;
             ioctlsocket(each.socket, FIONBIO, &yes);
             const int result = connect(each.socket, reinterpret_cast<sockaddr*>(&name), sizeof(name));
             return result == 0 || WSAGetLastError() == WSAEWOULDBLOCK;
         }));
    tell("polls", count(all, begin_polling));
    tell("by the fast path", count(all, [](const Polled& each) { return each.fast; }));
    tell("has a base handle of its own", count(all, [](const Polled& each) { return each.base != each.socket; }));
    tell("writable", count(all, [](const Polled& each) {
             return (poll(each, afd_poll_send | afd_poll_connect_fail, patience_ms) & afd_poll_send) != 0;
         }));
    server.join();
    tell("readable before anything came", count(all, [](const Polled& each) {
             return poll(each, afd_poll_receive | afd_poll_disconnect | afd_poll_abort, 1) != 0;
         }));
    send_all(served, "first");
    tell("readable", count(all, [](const Polled& each) {
             return poll(each, afd_poll_receive, patience_ms) == afd_poll_receive && receives(each.socket, "first");
         }));

    // Nobody polls and nobody reads meanwhile.
    send_all(served, "second");
    Sleep(pause_ms);
    send_all(served, "third");
    tell("readable after a pause", count(all, [](const Polled& each) {
             return poll(each, afd_poll_receive, patience_ms) == afd_poll_receive &&
                    receives(each.socket, "secondthird");
         }));

    for (const SOCKET s : served) shutdown(s, SD_SEND);
    tell("half-closed by the peer", count(all, [](const Polled& each) {
             char byte = 0;
             return (poll(each, afd_poll_receive | afd_poll_disconnect, patience_ms) & afd_poll_disconnect) != 0 &&
                    recv(each.socket, &byte, 1, 0) == 0;
         }));
    tell("sends after that", count(all, [](const Polled& each) { return send(each.socket, "last", 4, 0) == 4; }));
    tell("received by the peer",
         static_cast<int>(std::count_if(served.begin(), served.end(), [](SOCKET s) { return receives(s, "last"); })));
    const linger hard{1, 0};
    for (const SOCKET s : served) {
        setsockopt(s, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&hard), sizeof(hard));
        closesocket(s);
    }
    tell("reset by the peer", count(all, [](const Polled& each) {
             return poll(each, afd_poll_abort, patience_ms) != 0 && send(each.socket, "none", 4, 0) == SOCKET_ERROR;
         }));
    for (const Polled& each : all) {
        closesocket(each.peer);
        closesocket(each.socket);
    }
    closesocket(listener);
    tell("with the source", with_source);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    WSADATA winsock;
    if (argc != 3 || WSAStartup(MAKEWORD(2, 2), &winsock) != 0) return 2;
    return run(argv[1], argv[2]);
}
