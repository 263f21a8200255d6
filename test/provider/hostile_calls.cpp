#include "hostile_calls.hpp"

#include <array>
#include <climits>
#include <cstring>

#include "bad_memory.hpp"
#include "fixture.hpp"
#include "guarded_call.hpp"

#ifndef SO_BSP_STATE
#define SO_BSP_STATE 0x1009
#endif
#ifndef SIO_BASE_HANDLE
#define SIO_BASE_HANDLE _WSAIOR(IOC_WS2, 34)
#endif
#ifndef SIO_BSP_HANDLE
#define SIO_BSP_HANDLE _WSAIOR(IOC_WS2, 27)
#define SIO_BSP_HANDLE_SELECT _WSAIOR(IOC_WS2, 28)
#define SIO_BSP_HANDLE_POLL _WSAIOR(IOC_WS2, 29)
#endif
#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 31
#endif

namespace test {

namespace {

// What overlapped calls leave behind must outlive them.
char data[64] = "hello";
WSABUF buffer{5, data};
DWORD transferred;
WSAOVERLAPPED overlapped;

int error_of(int result) { return result == SOCKET_ERROR ? WSAGetLastError() : 0; }
int error_of_bool(BOOL result) { return result ? 0 : WSAGetLastError(); }
int error_of_socket(SOCKET result, SOCKET s) {
    const int error = result == INVALID_SOCKET ? WSAGetLastError() : 0;
    if (result != INVALID_SOCKET && result != s) closesocket(result);
    return error;
}

const sockaddr* as_name(const void* p) { return static_cast<const sockaddr*>(p); }
sockaddr_in loopback() { return address("127.0.0.1", 9); }
const sockaddr* generic(const sockaddr_in& name) { return reinterpret_cast<const sockaddr*>(&name); }

template <typename Function>
Function extension(SOCKET s, GUID id) {
    Function function = nullptr;
    WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function), &transferred, nullptr,
             nullptr);
    return function;
}

int connect_ex(SOCKET s, const sockaddr* name, int length, void* first, DWORD* sent, WSAOVERLAPPED* own) {
    const auto function = extension<LPFN_CONNECTEX>(s, WSAID_CONNECTEX);
    if (function == nullptr) return WSAGetLastError();
    return error_of_bool(function(s, name, length, first, first == nullptr ? 0 : 5, sent, own));
}

int send_msg(SOCKET s, WSAMSG* message, DWORD* sent) {
    const auto function = extension<LPFN_WSASENDMSG>(s, WSAID_WSASENDMSG);
    if (function == nullptr) return WSAGetLastError();
    return error_of(function(s, message, 0, sent, nullptr, nullptr));
}

// A good message, of which the caller spoils a part.
template <typename Spoil>
int send_msg_with(SOCKET s, Spoil spoil) {
    sockaddr_in name = loopback();
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name);
    message.namelen = sizeof(name);
    message.lpBuffers = &buffer;
    message.dwBufferCount = 1;
    spoil(message);
    return send_msg(s, &message, &transferred);
}

int send_control(SOCKET s, std::size_t cmsg_len, ULONG length) {
    static struct alignas(8) {
        WSACMSGHDR header;
        char rest[64];
    } control;
    control.header = {cmsg_len, IPPROTO_IP, 3};
    return send_msg_with(s, [&](WSAMSG& message) { message.Control = {length, reinterpret_cast<char*>(&control)}; });
}

int receive_msg(SOCKET s, WSAMSG* message) {
    const auto function = extension<LPFN_WSARECVMSG>(s, WSAID_WSARECVMSG);
    if (function == nullptr) return WSAGetLastError();
    return error_of(function(s, message, &transferred, nullptr, nullptr));
}

int ioctl(SOCKET s, DWORD code, void* in, DWORD in_length, void* out, DWORD out_length, DWORD* returned) {
    return error_of(WSAIoctl(s, code, in, in_length, out, out_length, returned, nullptr, nullptr));
}

const GUID extensions[] = {WSAID_CONNECTEX,    WSAID_WSASENDMSG,           WSAID_WSARECVMSG, WSAID_ACCEPTEX,
                           WSAID_DISCONNECTEX, WSAID_GETACCEPTEXSOCKADDRS, {1, 2, 3, {4}}};

int ask(SOCKET s, std::size_t which, void* in, DWORD in_length, void* out, DWORD out_length, DWORD* returned) {
    GUID id = extensions[which];
    return ioctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, in == data ? &id : in, in_length, out, out_length, returned);
}

int select_on(fd_set* read, fd_set* write, fd_set* except, timeval* timeout) {
    return error_of(select(0, read, write, except, timeout));
}

fd_set set_of(SOCKET s) {
    fd_set set{};
    FD_SET(s, &set);
    return set;
}

timeval at_once{0, 0};

enum Kinds : unsigned { stream = 1, datagram = 2, both = 3 };

// A call with a pointer that leads nowhere good; run for each of bad_memory().
struct BadPointer {
    const char* name;
    Kinds kinds;
    int (*call)(SOCKET, void* bad);
};

const BadPointer bad_pointers[] = {
    {"bind", both, [](SOCKET s, void* p) { return error_of(bind(s, as_name(p), sizeof(sockaddr_in))); }},
    {"bind, long", both, [](SOCKET s, void* p) { return error_of(bind(s, as_name(p), 28)); }},
    {"connect", both, [](SOCKET s, void* p) { return error_of(connect(s, as_name(p), sizeof(sockaddr_in))); }},
    {"connect, long", both, [](SOCKET s, void* p) { return error_of(connect(s, as_name(p), 28)); }},
    {"WSAConnect", both,
     [](SOCKET s, void* p) {
         return error_of(WSAConnect(s, as_name(p), sizeof(sockaddr_in), nullptr, nullptr, nullptr, nullptr));
     }},
    {"ConnectEx, name", stream,
     [](SOCKET s, void* p) { return connect_ex(s, as_name(p), sizeof(sockaddr_in), nullptr, nullptr, &overlapped); }},
    {"ConnectEx, overlapped", stream,
     [](SOCKET s, void* p) {
         const sockaddr_in name = loopback();
         return connect_ex(s, generic(name), sizeof(name), nullptr, nullptr, static_cast<WSAOVERLAPPED*>(p));
     }},
    {"sendto, name", both,
     [](SOCKET s, void* p) { return error_of(sendto(s, data, 5, 0, as_name(p), sizeof(sockaddr_in))); }},
    {"sendto, name, long", both, [](SOCKET s, void* p) { return error_of(sendto(s, data, 5, 0, as_name(p), 28)); }},
    {"sendto, data", both,
     [](SOCKET s, void* p) {
         const sockaddr_in name = loopback();
         return error_of(sendto(s, static_cast<char*>(p), 50, 0, generic(name), sizeof(name)));
     }},
    {"WSASendTo, buffers", both,
     [](SOCKET s, void* p) {
         const sockaddr_in name = loopback();
         return error_of(
             WSASendTo(s, static_cast<WSABUF*>(p), 1, &transferred, 0, generic(name), sizeof(name), nullptr, nullptr));
     }},
    {"WSASendTo, sent", both,
     [](SOCKET s, void* p) {
         const sockaddr_in name = loopback();
         return error_of(
             WSASendTo(s, &buffer, 1, static_cast<DWORD*>(p), 0, generic(name), sizeof(name), nullptr, nullptr));
     }},
    {"WSASendMsg, message", datagram,
     [](SOCKET s, void* p) { return send_msg(s, static_cast<WSAMSG*>(p), &transferred); }},
    {"WSASendMsg, name", datagram,
     [](SOCKET s, void* p) {
         return send_msg_with(s, [&](WSAMSG& message) { message.name = static_cast<sockaddr*>(p); });
     }},
    {"WSASendMsg, buffers", datagram,
     [](SOCKET s, void* p) {
         return send_msg_with(s, [&](WSAMSG& message) { message.lpBuffers = static_cast<WSABUF*>(p); });
     }},
    {"WSASendMsg, control data", datagram,
     [](SOCKET s, void* p) {
         return send_msg_with(s, [&](WSAMSG& message) { message.Control = {24, static_cast<char*>(p)}; });
     }},
    {"WSASendMsg, much control data", datagram,
     [](SOCKET s, void* p) {
         return send_msg_with(s, [&](WSAMSG& message) { message.Control = {0x7fffffff, static_cast<char*>(p)}; });
     }},
    {"WSARecvMsg, message", datagram, [](SOCKET s, void* p) { return receive_msg(s, static_cast<WSAMSG*>(p)); }},
    {"WSARecvMsg, name", datagram,
     [](SOCKET s, void* p) {
         WSAMSG message{static_cast<sockaddr*>(p), 16, &buffer, 1, {}, 0};
         return receive_msg(s, &message);
     }},
    {"recv", both, [](SOCKET s, void* p) { return error_of(recv(s, static_cast<char*>(p), 50, 0)); }},
    {"WSARecv, buffers", both,
     [](SOCKET s, void* p) {
         DWORD flags = 0;
         return error_of(WSARecv(s, static_cast<WSABUF*>(p), 1, &transferred, &flags, nullptr, nullptr));
     }},
    {"WSARecv, flags", both,
     [](SOCKET s, void* p) {
         return error_of(WSARecv(s, &buffer, 1, &transferred, static_cast<DWORD*>(p), nullptr, nullptr));
     }},
    {"recvfrom, from", both,
     [](SOCKET s, void* p) {
         int length = sizeof(sockaddr_in);
         return error_of(recvfrom(s, data, 5, 0, static_cast<sockaddr*>(p), &length));
     }},
    {"recvfrom, length", both,
     [](SOCKET s, void* p) {
         sockaddr_in from;
         return error_of(recvfrom(s, data, 5, 0, reinterpret_cast<sockaddr*>(&from), static_cast<int*>(p)));
     }},
    {"getsockname, name", both,
     [](SOCKET s, void* p) {
         int length = sizeof(sockaddr_in);
         return error_of(getsockname(s, static_cast<sockaddr*>(p), &length));
     }},
    {"getsockname, length", both,
     [](SOCKET s, void* p) {
         sockaddr_in name;
         return error_of(getsockname(s, reinterpret_cast<sockaddr*>(&name), static_cast<int*>(p)));
     }},
    {"accept, name", stream,
     [](SOCKET s, void* p) {
         int length = sizeof(sockaddr_in);
         return error_of_socket(accept(s, static_cast<sockaddr*>(p), &length), s);
     }},
    {"accept, length", stream,
     [](SOCKET s, void* p) {
         sockaddr_in name;
         return error_of_socket(accept(s, reinterpret_cast<sockaddr*>(&name), static_cast<int*>(p)), s);
     }},
    {"SO_PROTOCOL_INFO, value", both,
     [](SOCKET s, void* p) {
         int length = sizeof(WSAPROTOCOL_INFOW);
         return error_of(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, static_cast<char*>(p), &length));
     }},
    {"SO_PROTOCOL_INFO, length", both,
     [](SOCKET s, void* p) {
         WSAPROTOCOL_INFOW info;
         return error_of(
             getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), static_cast<int*>(p)));
     }},
    {"SO_PROTOCOL_INFOA, value", both,
     [](SOCKET s, void* p) {
         int length = sizeof(WSAPROTOCOL_INFOA);
         return error_of(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOA, static_cast<char*>(p), &length));
     }},
    {"SO_BSP_STATE, value", both,
     [](SOCKET s, void* p) {
         int length = 512;
         return error_of(getsockopt(s, SOL_SOCKET, SO_BSP_STATE, static_cast<char*>(p), &length));
     }},
    {"SO_TYPE, value", both,
     [](SOCKET s, void* p) {
         int length = 4;
         return error_of(getsockopt(s, SOL_SOCKET, SO_TYPE, static_cast<char*>(p), &length));
     }},
    {"set SO_REUSEADDR", both,
     [](SOCKET s, void* p) { return error_of(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, static_cast<char*>(p), 4)); }},
    {"set IP_UNICAST_IF", both,
     [](SOCKET s, void* p) { return error_of(setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, static_cast<char*>(p), 4)); }},
    {"set IP_ADD_MEMBERSHIP", datagram,
     [](SOCKET s, void* p) {
         return error_of(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, static_cast<char*>(p), 8));
     }},
    {"extension, which", both,
     [](SOCKET s, void* p) {
         void* out;
         return ask(s, 0, p, sizeof(GUID), &out, sizeof(out), &transferred);
     }},
    {"ConnectEx asked for, output", both,
     [](SOCKET s, void* p) { return ask(s, 0, data, sizeof(GUID), p, sizeof(p), &transferred); }},
    {"WSASendMsg asked for, output", both,
     [](SOCKET s, void* p) { return ask(s, 1, data, sizeof(GUID), p, sizeof(p), &transferred); }},
    {"WSARecvMsg asked for, output", both,
     [](SOCKET s, void* p) { return ask(s, 2, data, sizeof(GUID), p, sizeof(p), &transferred); }},
    {"AcceptEx asked for, output", both,
     [](SOCKET s, void* p) { return ask(s, 3, data, sizeof(GUID), p, sizeof(p), &transferred); }},
    {"ConnectEx asked for, returned", both,
     [](SOCKET s, void* p) {
         void* out;
         return ask(s, 0, data, sizeof(GUID), &out, sizeof(out), static_cast<DWORD*>(p));
     }},
    {"SIO_BASE_HANDLE, output", both,
     [](SOCKET s, void* p) { return ioctl(s, SIO_BASE_HANDLE, nullptr, 0, p, sizeof(SOCKET), &transferred); }},
    {"SIO_BSP_HANDLE_POLL, output", both,
     [](SOCKET s, void* p) { return ioctl(s, SIO_BSP_HANDLE_POLL, nullptr, 0, p, sizeof(SOCKET), &transferred); }},
    {"SIO_BSP_HANDLE_SELECT, returned", both,
     [](SOCKET s, void* p) {
         SOCKET out;
         return ioctl(s, SIO_BSP_HANDLE_SELECT, nullptr, 0, &out, sizeof(out), static_cast<DWORD*>(p));
     }},
    {"FIONBIO", both, [](SOCKET s, void* p) { return ioctl(s, FIONBIO, p, 4, nullptr, 0, &transferred); }},
    {"FIONREAD", both, [](SOCKET s, void* p) { return ioctl(s, FIONREAD, nullptr, 0, p, 4, &transferred); }},
    {"SIO_ROUTING_INTERFACE_QUERY", both,
     [](SOCKET s, void* p) {
         sockaddr_in out;
         return ioctl(s, SIO_ROUTING_INTERFACE_QUERY, p, sizeof(sockaddr_in), &out, sizeof(out), &transferred);
     }},
    {"select, first set", both,
     [](SOCKET, void* p) { return select_on(static_cast<fd_set*>(p), nullptr, nullptr, &at_once); }},
    {"select, second set", both,
     [](SOCKET s, void* p) {
         fd_set good = set_of(s);
         return select_on(&good, static_cast<fd_set*>(p), nullptr, &at_once);
     }},
    {"select, third set", both,
     [](SOCKET s, void* p) {
         fd_set good = set_of(s);
         return select_on(&good, nullptr, static_cast<fd_set*>(p), &at_once);
     }},
    {"select, timeout", both,
     [](SOCKET s, void* p) {
         fd_set good = set_of(s);
         // Null waits for ever, which is not what is wrong here.
         return select_on(nullptr, nullptr, &good, p == nullptr ? &at_once : static_cast<timeval*>(p));
     }},
    {"WSAJoinLeaf", datagram,
     [](SOCKET s, void* p) {
         return error_of_socket(
             WSAJoinLeaf(s, as_name(p), sizeof(sockaddr_in), nullptr, nullptr, nullptr, nullptr, JL_BOTH), s);
     }},
    {"WSADuplicateSocket", both,
     [](SOCKET s, void* p) {
         return error_of(WSADuplicateSocketW(s, GetCurrentProcessId(), static_cast<WSAPROTOCOL_INFOW*>(p)));
     }},
    {"WSASocket", both,
     [](SOCKET, void* p) {
         return error_of_socket(WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, static_cast<WSAPROTOCOL_INFOW*>(p), 0, 0),
                                0);
     }},
};

// A call that is wrong in another way.
struct BadCall {
    const char* name;
    Kinds kinds;
    int (*call)(SOCKET);
};

template <int length>
int bind_length(SOCKET s) {
    const sockaddr_in name = loopback();
    return error_of(bind(s, generic(name), length));
}
template <int length>
int connect_length(SOCKET s) {
    const sockaddr_in name = loopback();
    return error_of(connect(s, generic(name), length));
}
template <int length>
int connect_ex_length(SOCKET s) {
    const sockaddr_in name = loopback();
    return connect_ex(s, generic(name), length, nullptr, nullptr, &overlapped);
}
template <int length>
int sendto_length(SOCKET s) {
    const sockaddr_in name = loopback();
    return error_of(sendto(s, data, 5, 0, generic(name), length));
}
template <int length>
int send_msg_length(SOCKET s) {
    return send_msg_with(s, [](WSAMSG& message) { message.namelen = length; });
}
template <int length>
int getsockname_length(SOCKET s) {
    sockaddr_storage name;
    int given = length;
    return error_of(getsockname(s, reinterpret_cast<sockaddr*>(&name), &given));
}
template <int family>
sockaddr_in of_family() {
    sockaddr_in name = loopback();
    name.sin_family = family;
    return name;
}
template <int level, int option, int length>
int set_length(SOCKET s) {
    char value[64] = {};
    return error_of(setsockopt(s, level, option, value, length));
}
template <int level, int option, int length>
int get_length(SOCKET s) {
    char value[1024] = {};
    int given = length;
    return error_of(getsockopt(s, level, option, value, &given));
}
template <DWORD length>
int ask_length(SOCKET s) {
    void* out;
    return ask(s, 0, data, length, &out, sizeof(out), &transferred);
}
template <std::size_t which, DWORD length>
int answer_length(SOCKET s) {
    char out[64];
    return ask(s, which, data, sizeof(GUID), out, length, &transferred);
}

const BadCall bad_calls[] = {
    {"bind, length 0", both, bind_length<0>},
    {"bind, length -1", both, bind_length<-1>},
    {"bind, length 2", both, bind_length<2>},
    {"bind, length 15", both, bind_length<15>},
    {"bind, length of IPv6", both,
     [](SOCKET s) {
         sockaddr_storage name{};
         const sockaddr_in own = loopback();
         std::memcpy(&name, &own, sizeof(own));
         return error_of(bind(s, reinterpret_cast<const sockaddr*>(&name), sizeof(sockaddr_in6)));
     }},
    {"bind, family 0", both, [](SOCKET s) { return error_of(bind(s, generic(of_family<0>()), 16)); }},
    {"bind, family of IPv6", both, [](SOCKET s) { return error_of(bind(s, generic(of_family<AF_INET6>()), 16)); }},
    {"bind, family 9999", both, [](SOCKET s) { return error_of(bind(s, generic(of_family<9999>()), 16)); }},
    {"bind, no such address", both,
     [](SOCKET s) { return error_of(bind(s, generic(address("203.0.113.1", 0)), sizeof(sockaddr_in))); }},
    {"bind twice", both,
     [](SOCKET s) {
         bind(s, generic(address("0.0.0.0", 0)), sizeof(sockaddr_in));
         return error_of(bind(s, generic(address("0.0.0.0", 0)), sizeof(sockaddr_in)));
     }},
    {"connect, length 0", both, connect_length<0>},
    {"connect, length -1", both, connect_length<-1>},
    {"connect, length 2", both, connect_length<2>},
    {"connect, length 15", both, connect_length<15>},
    {"connect, family of IPv6", both,
     [](SOCKET s) { return error_of(connect(s, generic(of_family<AF_INET6>()), 16)); }},
    {"connect, family 9999", both, [](SOCKET s) { return error_of(connect(s, generic(of_family<9999>()), 16)); }},
    {"connect, port 0", both,
     [](SOCKET s) { return error_of(connect(s, generic(address("127.0.0.1", 0)), sizeof(sockaddr_in))); }},
    {"connect, 0.0.0.0:0", stream,
     [](SOCKET s) { return error_of(connect(s, generic(address("0.0.0.0", 0)), sizeof(sockaddr_in))); }},
    {"connect, 255.255.255.255", stream,
     [](SOCKET s) { return error_of(connect(s, generic(address("255.255.255.255", 9)), sizeof(sockaddr_in))); }},
    {"ConnectEx, length 0", stream, connect_ex_length<0>},
    {"ConnectEx, length -1", stream, connect_ex_length<-1>},
    {"ConnectEx, length 15", stream, connect_ex_length<15>},
    {"ConnectEx, family of IPv6", stream,
     [](SOCKET s) { return connect_ex(s, generic(of_family<AF_INET6>()), 16, nullptr, nullptr, &overlapped); }},
    {"ConnectEx of a datagram socket", datagram, connect_ex_length<16>},
    {"sendto, length 0", both, sendto_length<0>},
    {"sendto, length -1", both, sendto_length<-1>},
    {"sendto, length 15", both, sendto_length<15>},
    {"sendto, family 9999", both,
     [](SOCKET s) { return error_of(sendto(s, data, 5, 0, generic(of_family<9999>()), 16)); }},
    {"sendto, length of data -1", both,
     [](SOCKET s) { return error_of(sendto(s, data, -1, 0, generic(loopback()), 16)); }},
    {"sendto, too much", datagram,
     [](SOCKET s) {
         static char much[70000];
         return error_of(sendto(s, much, sizeof(much), 0, generic(loopback()), 16));
     }},
    {"sendto, strange flags", datagram,
     [](SOCKET s) { return error_of(sendto(s, data, 5, 0x7f0000, generic(loopback()), 16)); }},
    {"sendto, no destination", both, [](SOCKET s) { return error_of(sendto(s, data, 5, 0, nullptr, 0)); }},
    {"WSASendTo, no buffers", datagram,
     [](SOCKET s) {
         return error_of(WSASendTo(s, &buffer, 0, &transferred, 0, generic(loopback()), 16, nullptr, nullptr));
     }},
    {"WSASendMsg, length 0", datagram, send_msg_length<0>},
    {"WSASendMsg, length -1", datagram, send_msg_length<-1>},
    {"WSASendMsg, length 15", datagram, send_msg_length<15>},
    {"WSASendMsg, control data shorter than a header", datagram, [](SOCKET s) { return send_control(s, 1, 1); }},
    {"WSASendMsg, control header of length 0", datagram, [](SOCKET s) { return send_control(s, 0, 40); }},
    {"WSASendMsg, control header of length 1", datagram, [](SOCKET s) { return send_control(s, 1, 40); }},
    {"WSASendMsg, control header longer than its data", datagram, [](SOCKET s) { return send_control(s, 400, 40); }},
    {"WSASendMsg, control header of any length", datagram,
     [](SOCKET s) { return send_control(s, static_cast<std::size_t>(-1), 40); }},
    {"WSASendMsg, no buffers", datagram,
     [](SOCKET s) { return send_msg_with(s, [](WSAMSG& message) { message.dwBufferCount = 0; }); }},
    {"getsockname, length 0", both, getsockname_length<0>},
    {"getsockname, length 3", both, getsockname_length<3>},
    {"getsockname, length -1", both, getsockname_length<-1>},
    {"listen, backlog -1", both, [](SOCKET s) { return error_of(listen(s, -1)); }},
    {"SO_PROTOCOL_INFO, length 0", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOW, 0>},
    {"SO_PROTOCOL_INFO, length -1", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOW, -1>},
    {"SO_PROTOCOL_INFO, length 8", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOW, 8>},
    {"SO_PROTOCOL_INFO, length 627", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOW, 627>},
    {"SO_PROTOCOL_INFO, length 1024", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOW, 1024>},
    {"SO_PROTOCOL_INFOA, length 8", both, get_length<SOL_SOCKET, SO_PROTOCOL_INFOA, 8>},
    {"SO_BSP_STATE, length 0", both, get_length<SOL_SOCKET, SO_BSP_STATE, 0>},
    {"an option that is not", both, get_length<SOL_SOCKET, 0x7777, 4>},
    {"a level that is not", both, get_length<0x7777, 1, 4>},
    {"set IP_UNICAST_IF, length 0", both, set_length<IPPROTO_IP, IP_UNICAST_IF, 0>},
    {"set IP_UNICAST_IF, length 1", both, set_length<IPPROTO_IP, IP_UNICAST_IF, 1>},
    {"set IP_UNICAST_IF, length -1", both, set_length<IPPROTO_IP, IP_UNICAST_IF, -1>},
    {"set IP_ADD_MEMBERSHIP, length 3", datagram, set_length<IPPROTO_IP, IP_ADD_MEMBERSHIP, 3>},
    {"set SO_REUSEADDR, length 0", both, set_length<SOL_SOCKET, SO_REUSEADDR, 0>},
    {"set an option that is not", both, set_length<SOL_SOCKET, 0x7777, 4>},
    {"extension asked for, length 0", both, ask_length<0>},
    {"extension asked for, length 15", both, ask_length<15>},
    {"extension asked for, length 64", both, ask_length<64>},
    {"ConnectEx, answer of length 0", both, answer_length<0, 0>},
    {"ConnectEx, answer of length 3", both, answer_length<0, 3>},
    {"ConnectEx, answer of length 64", both, answer_length<0, 64>},
    {"WSASendMsg, answer of length 3", both, answer_length<1, 3>},
    {"WSARecvMsg, answer of length 3", both, answer_length<2, 3>},
    {"AcceptEx, answer of length 3", both, answer_length<3, 3>},
    {"DisconnectEx, answer", both, answer_length<4, sizeof(void*)>},
    {"GetAcceptExSockaddrs, answer", both, answer_length<5, sizeof(void*)>},
    {"an extension that is not", both, answer_length<6, sizeof(void*)>},
    {"SIO_BASE_HANDLE, length 3", both,
     [](SOCKET s) {
         SOCKET out;
         return ioctl(s, SIO_BASE_HANDLE, nullptr, 0, &out, 3, &transferred);
     }},
    {"SIO_BSP_HANDLE, length 0", both,
     [](SOCKET s) { return ioctl(s, SIO_BSP_HANDLE, nullptr, 0, nullptr, 0, &transferred); }},
    {"an ioctl that is not", both, [](SOCKET s) { return ioctl(s, 0x98777777, nullptr, 0, nullptr, 0, &transferred); }},
    {"select, nothing", both, [](SOCKET) { return select_on(nullptr, nullptr, nullptr, &at_once); }},
    {"select, more sockets than there are", both,
     [](SOCKET s) {
         fd_set set = set_of(s);
         fd_set good = set_of(s);
         set.fd_count = 0x40000000;
         return select_on(&good, &set, nullptr, &at_once);
     }},
    {"select, a handle that is none", both,
     [](SOCKET s) {
         fd_set set = set_of(s);
         FD_SET(SOCKET{0x7ffffff0}, &set);
         return select_on(&set, nullptr, nullptr, &at_once);
     }},
    {"select, a handle twice", both,
     [](SOCKET s) {
         fd_set set = set_of(s);
         set.fd_array[set.fd_count++] = s;
         return select_on(nullptr, nullptr, &set, &at_once);
     }},
    {"select, a timeout below zero", both,
     [](SOCKET s) {
         fd_set set = set_of(s);
         timeval timeout{-1, -1};
         return select_on(nullptr, nullptr, &set, &timeout);
     }},
    {"WSAEventSelect, no such event", both,
     [](SOCKET s) {
         return error_of(WSAEventSelect(s, reinterpret_cast<WSAEVENT>(std::uintptr_t{0x7ffffff0}), FD_READ));
     }},
    {"WSAEventSelect, strange events", both, [](SOCKET s) { return error_of(WSAEventSelect(s, nullptr, 0x7fff0000)); }},
    {"WSAAsyncSelect, no window", both, [](SOCKET s) { return error_of(WSAAsyncSelect(s, nullptr, 0x400, FD_READ)); }},
    {"WSADuplicateSocket, no such process", both,
     [](SOCKET s) {
         WSAPROTOCOL_INFOW info;
         return error_of(WSADuplicateSocketW(s, 0xfffffffc, &info));
     }},
    {"WSASocket, the socket's own protocol info with garbage", both,
     [](SOCKET s) {
         WSAPROTOCOL_INFOW info{};
         int length = sizeof(info);
         getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length);
         info.dwProviderReserved = 0x7ffffff0;
         return error_of_socket(WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, 0), s);
     }},
    {"closesocket twice", both,
     [](SOCKET s) {
         closesocket(s);
         return error_of(closesocket(s));
     }},
};

enum class State { unbound, wildcard, fixed, loopback, connected };
struct NamedState {
    const char* name;
    State state;
};
const NamedState states[] = {{"unbound", State::unbound},
                             {"bound to the wildcard", State::wildcard},
                             {"bound to the wildcard and a port", State::fixed},
                             {"bound to loopback", State::loopback},
                             {"connected", State::connected}};

// Non-blocking, so that no call waits; never a fixed port that could be taken: 0 asks for one, then it is bound again.
SOCKET socket_in(State state, int type) {
    Socket s(type, 0);
    static TcpTarget* const tcp_target = new TcpTarget("127.0.0.1");
    switch (state) {
        case State::unbound: break;
        case State::wildcard: bind_to(s, "0.0.0.0", 0); break;
        case State::fixed: {
            int port = 0;
            {
                const Socket probe(type, 0);
                bind_to(probe, "0.0.0.0", 0);
                port = local_port(probe);
            }
            bind_to(s, "0.0.0.0", port);
            break;
        }
        case State::loopback: bind_to(s, "127.0.0.1", 0); break;
        case State::connected:
            connect_to(s, "127.0.0.1", type == SOCK_STREAM ? tcp_target->port() : 9);
            if (type == SOCK_STREAM) tcp_target->accepted_from();
            break;
    }
    u_long non_blocking = 1;
    ioctlsocket(s, FIONBIO, &non_blocking);
    return s.release();
}

}  // namespace

Outcomes outcomes_of_bad_arguments() {
    Outcomes outcomes;
    const auto run = [&](const std::string& name, State state, int type, const std::function<int(SOCKET)>& call) {
        const SOCKET s = socket_in(state, type);
        std::memset(&overlapped, 0, sizeof(overlapped));
        outcomes.emplace_back(name, outcome_of([&] { return call(s); }));
        closesocket(s);
    };
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        const unsigned kind = type == SOCK_STREAM ? stream : datagram;
        for (const auto& [state_name, state] : states) {
            const std::string where = std::string(type == SOCK_STREAM ? "TCP, " : "UDP, ") + state_name + ": ";
            for (const BadCall& bad : bad_calls) {
                if ((bad.kinds & kind) != 0) run(where + bad.name, state, type, bad.call);
            }
            for (const BadPointer& bad : bad_pointers) {
                if ((bad.kinds & kind) == 0) continue;
                for (std::size_t i = 0; i < bad_memory_count; ++i) {
                    const BadMemory& memory = bad_memory()[i];
                    run(where + bad.name + " at " + memory.name, state, type,
                        [&](SOCKET s) { return bad.call(s, memory.at); });
                }
            }
        }
    }
    return outcomes;
}

}  // namespace test
