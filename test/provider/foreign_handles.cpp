// Calls, right in themselves, on handles that are no sockets, or none that anybody was told of.
#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include "fixture.hpp"
#include "guarded_call.hpp"
#include "hostile_situations.hpp"
#include "system/winsock_constants.hpp"

namespace test {

namespace {

SOCKET as_socket(HANDLE handle) { return reinterpret_cast<SOCKET>(handle); }
HANDLE as_handle(SOCKET s) { return reinterpret_cast<HANDLE>(s); }

struct ForeignHandle {
    const char* name;
    SOCKET (*make)();
    bool is_kernel_object;  // to be closed by CloseHandle
};

// Wine takes a handle for a socket if its value was one once: lets the next handles have such values.
void free_socket_values() {
    SOCKET all[8];
    for (SOCKET& s : all) s = udp().release();
    for (const SOCKET s : all) CloseHandle(as_handle(s));
}

SOCKET duplicate_of(int type) {
    free_socket_values();
    const Socket s(type, 0);
    HANDLE duplicate = nullptr;
    DuplicateHandle(GetCurrentProcess(), as_handle(s), GetCurrentProcess(), &duplicate, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    return as_socket(duplicate);
}

SOCKET reopened(int type) {
    const Socket s(type, 0);
    WSAPROTOCOL_INFOW info{};
    if (WSADuplicateSocketW(s, GetCurrentProcessId(), &info) != 0) return INVALID_SOCKET;
    return WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
}

// A value that was a socket, and then, with nobody told, becomes something else.
SOCKET event_on_a_socket_s_value() {
    const SOCKET s = udp().release();
    bind_to(s, "0.0.0.0", 0);
    CloseHandle(as_handle(s));
    for (int i = 0; i < 64; ++i) {
        const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        if (as_socket(event) == s) return s;
    }
    return s;
}

const ForeignHandle all_foreign[] = {
    {"a closed TCP socket",
     [] {
         const SOCKET s = tcp().release();
         closesocket(s);
         return s;
     },
     false},
    {"a closed UDP socket, bound to the wildcard",
     [] {
         const SOCKET s = udp().release();
         bind_to(s, "0.0.0.0", 0);
         closesocket(s);
         return s;
     },
     false},
    {"a UDP socket that CloseHandle closed",
     [] {
         const SOCKET s = udp().release();
         bind_to(s, "0.0.0.0", 0);
         CloseHandle(as_handle(s));
         return s;
     },
     false},
    {"an event on a socket's value", event_on_a_socket_s_value, true},
    {"an event", [] { return as_socket(CreateEventW(nullptr, TRUE, FALSE, nullptr)); }, true},
    {"a file",
     [] {
         wchar_t path[MAX_PATH];
         GetModuleFileNameW(nullptr, path, MAX_PATH);
         return as_socket(CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr));
     },
     true},
    {"a pipe",
     [] {
         HANDLE read = nullptr;
         HANDLE write = nullptr;
         CreatePipe(&read, &write, nullptr, 0);
         CloseHandle(write);
         return as_socket(read);
     },
     true},
    {"a registry key",
     [] {
         HKEY key = nullptr;
         RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE", 0, KEY_READ, &key);
         return as_socket(key);
     },
     true},
    {"this process", [] { return as_socket(GetCurrentProcess()); }, false},
    {"a duplicate of a TCP socket by DuplicateHandle", [] { return duplicate_of(SOCK_STREAM); }, true},
    {"a duplicate of a UDP socket by DuplicateHandle", [] { return duplicate_of(SOCK_DGRAM); }, true},
    {"a TCP socket opened by its WSADuplicateSocket", [] { return reopened(SOCK_STREAM); }, true},
    {"a UDP socket opened by its WSADuplicateSocket", [] { return reopened(SOCK_DGRAM); }, true},
    {"0", [] { return SOCKET{0}; }, false},
    {"INVALID_SOCKET", [] { return INVALID_SOCKET; }, false},
    {"a value that nobody had", [] { return SOCKET{0x7ffffff0}; }, false},
    {"a value beyond any table", [] { return static_cast<SOCKET>(0xf0000000); }, false},
    {"an odd value", [] { return SOCKET{0x1235}; }, false},
};

int error_of(int result) { return result == SOCKET_ERROR ? WSAGetLastError() : 0; }

template <typename Function>
Function function_of(int type, GUID id) {
    const Socket good(type, 0);
    Function function = nullptr;
    DWORD returned = 0;
    WSAIoctl(good, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &returned, nullptr,
             nullptr);
    return function;
}

int send_msg(SOCKET s) {
    static const auto function = function_of<LPFN_WSASENDMSG>(SOCK_DGRAM, WSAID_WSASENDMSG);
    char data[] = "hello";
    WSABUF buffer{5, data};
    sockaddr_in name = address("127.0.0.1", 9);
    WSAMSG message{reinterpret_cast<sockaddr*>(&name), sizeof(name), &buffer, 1, {}, 0};
    DWORD sent = 0;
    return error_of(function(s, &message, 0, &sent, nullptr, nullptr));
}

int receive_msg(SOCKET s) {
    static const auto function = function_of<LPFN_WSARECVMSG>(SOCK_DGRAM, WSAID_WSARECVMSG);
    char data[8];
    WSABUF buffer{sizeof(data), data};
    sockaddr_in name{};
    WSAMSG message{reinterpret_cast<sockaddr*>(&name), sizeof(name), &buffer, 1, {}, 0};
    DWORD received = 0;
    return error_of(function(s, &message, &received, nullptr, nullptr));
}

int connect_ex(SOCKET s) {
    static const auto function = function_of<LPFN_CONNECTEX>(SOCK_STREAM, WSAID_CONNECTEX);
    static WSAOVERLAPPED overlapped;
    const sockaddr_in name = address("127.0.0.1", 9);
    return function(s, reinterpret_cast<const sockaddr*>(&name), sizeof(name), nullptr, 0, nullptr, &overlapped)
               ? 0
               : WSAGetLastError();
}

struct GoodCall {
    const char* name;
    int (*call)(SOCKET);
};

const GoodCall good_calls[] = {
    {"bind, wildcard", [](SOCKET s) { return bind_to(s, "0.0.0.0", 0); }},
    {"bind, loopback", [](SOCKET s) { return bind_to(s, "127.0.0.1", 0); }},
    {"connect", [](SOCKET s) { return connect_to(s, "127.0.0.1", 9); }},
    {"ConnectEx", connect_ex},
    {"sendto", [](SOCKET s) { return send_to(s, "127.0.0.1", 9); }},
    {"WSASendMsg", send_msg},
    {"WSARecvMsg", receive_msg},
    {"send", [](SOCKET s) { return error_of(send(s, "x", 1, 0)); }},
    {"recv",
     [](SOCKET s) {
         char data[4];
         return error_of(recv(s, data, sizeof(data), 0));
     }},
    {"recvfrom",
     [](SOCKET s) {
         char data[4];
         return error_of(recvfrom(s, data, sizeof(data), 0, nullptr, nullptr));
     }},
    {"listen", [](SOCKET s) { return error_of(listen(s, 1)); }},
    {"accept", [](SOCKET s) { return accept(s, nullptr, nullptr) == INVALID_SOCKET ? WSAGetLastError() : 0; }},
    {"getsockname",
     [](SOCKET s) {
         sockaddr_storage name;
         int length = sizeof(name);
         return error_of(getsockname(s, reinterpret_cast<sockaddr*>(&name), &length));
     }},
    {"SO_TYPE",
     [](SOCKET s) {
         int value = 0;
         int length = sizeof(value);
         return error_of(getsockopt(s, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&value), &length));
     }},
    {"SO_PROTOCOL_INFO",
     [](SOCKET s) {
         WSAPROTOCOL_INFOW value;
         int length = sizeof(value);
         return error_of(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&value), &length));
     }},
    {"set SO_REUSEADDR",
     [](SOCKET s) {
         const int value = 1;
         return error_of(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<const char*>(&value), sizeof(value)));
     }},
    {"SIO_BASE_HANDLE",
     [](SOCKET s) {
         SOCKET base = 0;
         DWORD returned = 0;
         return error_of(WSAIoctl(s, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof(base), &returned, nullptr, nullptr));
     }},
    {"ConnectEx asked for",
     [](SOCKET s) {
         GUID id = WSAID_CONNECTEX;
         void* function = nullptr;
         DWORD returned = 0;
         return error_of(WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function),
                                  &returned, nullptr, nullptr));
     }},
    {"select",
     [](SOCKET s) {
         fd_set set{};
         FD_SET(s, &set);
         timeval at_once{0, 0};
         return error_of(select(0, &set, nullptr, nullptr, &at_once));
     }},
    {"WSAEventSelect", [](SOCKET s) { return error_of(WSAEventSelect(s, nullptr, 0)); }},
    {"WSADuplicateSocket",
     [](SOCKET s) {
         WSAPROTOCOL_INFOW info;
         return error_of(WSADuplicateSocketW(s, GetCurrentProcessId(), &info));
     }},
    {"shutdown", [](SOCKET s) { return error_of(shutdown(s, SD_BOTH)); }},
    {"closesocket", [](SOCKET s) { return error_of(closesocket(s)); }},
};

}  // namespace

Situations foreign_handles() {
    Situations situations;
    for (const ForeignHandle& foreign : all_foreign) {
        for (const GoodCall& good : good_calls) {
            situations.push_back({std::string(foreign.name) + ": " + good.name, [&foreign, &good] {
                                      const SOCKET s = foreign.make();
                                      u_long non_blocking = 1;
                                      if (foreign.is_kernel_object) ioctlsocket(s, FIONBIO, &non_blocking);
                                      std::string outcome = outcome_of([&] { return good.call(s); });
                                      if (foreign.is_kernel_object) CloseHandle(as_handle(s));
                                      return outcome;
                                  }});
        }
    }
    return situations;
}

}  // namespace test
