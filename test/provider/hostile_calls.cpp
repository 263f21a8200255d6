#include "hostile_calls.hpp"

#include "extension.hpp"
#include "fixture.hpp"
#include "system/winsock_constants.hpp"

namespace test {

int family = AF_INET;
WSAOVERLAPPED overlapped;

namespace {

// What overlapped calls leave behind must outlive them.
char data[64] = "hello";
WSABUF buffer{5, data};
DWORD transferred;

int error_of(int result) { return result == SOCKET_ERROR ? WSAGetLastError() : 0; }
int error_of_bool(BOOL result) { return result ? 0 : WSAGetLastError(); }
int error_of_socket(SOCKET result, SOCKET s) {
    const int error = result == INVALID_SOCKET ? WSAGetLastError() : 0;
    if (result != INVALID_SOCKET && result != s) closesocket(result);
    return error;
}

const sockaddr* as_name(const void* p) { return static_cast<const sockaddr*>(p); }
struct Name {
    sockaddr_storage storage{};
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
int name_length() { return family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

Name name_of(const char* ipv4, const char* ipv6, int port) {
    Name name;
    if (family == AF_INET6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(name.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<u_short>(port));
        inet_pton(AF_INET6, ipv6, &v6.sin6_addr);
    } else {
        reinterpret_cast<sockaddr_in&>(name.storage) = address(ipv4, port);
    }
    return name;
}
Name loopback() { return name_of("127.0.0.1", "::1", 9); }
Name wildcard() { return name_of("0.0.0.0", "::", 0); }

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
    Name name = loopback();
    WSAMSG message{};
    message.name = reinterpret_cast<sockaddr*>(&name.storage);
    message.namelen = name_length();
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

const BadPointer pointers[] = {
    {"bind", both, [](SOCKET s, void* p) { return error_of(bind(s, as_name(p), name_length())); }},
    {"bind, long", both, [](SOCKET s, void* p) { return error_of(bind(s, as_name(p), name_length() + 12)); }},
    {"connect", both, [](SOCKET s, void* p) { return error_of(connect(s, as_name(p), name_length())); }},
    {"connect, long", both, [](SOCKET s, void* p) { return error_of(connect(s, as_name(p), name_length() + 12)); }},
    {"WSAConnect", both,
     [](SOCKET s, void* p) {
         return error_of(WSAConnect(s, as_name(p), name_length(), nullptr, nullptr, nullptr, nullptr));
     }},
    {"ConnectEx, name", stream,
     [](SOCKET s, void* p) { return connect_ex(s, as_name(p), name_length(), nullptr, nullptr, &overlapped); }},
    {"ConnectEx, overlapped", stream,
     [](SOCKET s, void* p) {
         const Name name = loopback();
         return connect_ex(s, name.get(), name_length(), nullptr, nullptr, static_cast<WSAOVERLAPPED*>(p));
     }},
    {"sendto, name", both,
     [](SOCKET s, void* p) { return error_of(sendto(s, data, 5, 0, as_name(p), name_length())); }},
    {"sendto, name, long", both,
     [](SOCKET s, void* p) { return error_of(sendto(s, data, 5, 0, as_name(p), name_length() + 12)); }},
    {"sendto, data", both,
     [](SOCKET s, void* p) {
         const Name name = loopback();
         return error_of(sendto(s, static_cast<char*>(p), 50, 0, name.get(), name_length()));
     }},
    {"WSASendTo, buffers", both,
     [](SOCKET s, void* p) {
         const Name name = loopback();
         return error_of(
             WSASendTo(s, static_cast<WSABUF*>(p), 1, &transferred, 0, name.get(), name_length(), nullptr, nullptr));
     }},
    {"WSASendTo, sent", both,
     [](SOCKET s, void* p) {
         const Name name = loopback();
         return error_of(
             WSASendTo(s, &buffer, 1, static_cast<DWORD*>(p), 0, name.get(), name_length(), nullptr, nullptr));
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
         WSAMSG message{static_cast<sockaddr*>(p), name_length(), &buffer, 1, {}, 0};
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
         int length = name_length();
         return error_of(recvfrom(s, data, 5, 0, static_cast<sockaddr*>(p), &length));
     }},
    {"recvfrom, length", both,
     [](SOCKET s, void* p) {
         sockaddr_storage from;
         return error_of(recvfrom(s, data, 5, 0, reinterpret_cast<sockaddr*>(&from), static_cast<int*>(p)));
     }},
    {"getsockname, name", both,
     [](SOCKET s, void* p) {
         int length = name_length();
         return error_of(getsockname(s, static_cast<sockaddr*>(p), &length));
     }},
    {"getsockname, length", both,
     [](SOCKET s, void* p) {
         sockaddr_storage name;
         return error_of(getsockname(s, reinterpret_cast<sockaddr*>(&name), static_cast<int*>(p)));
     }},
    {"accept, name", stream,
     [](SOCKET s, void* p) {
         int length = name_length();
         return error_of_socket(accept(s, static_cast<sockaddr*>(p), &length), s);
     }},
    {"accept, length", stream,
     [](SOCKET s, void* p) {
         sockaddr_storage name;
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
         sockaddr_storage out;
         return ioctl(s, SIO_ROUTING_INTERFACE_QUERY, p, static_cast<DWORD>(name_length()), &out, sizeof(out),
                      &transferred);
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
         return error_of_socket(WSAJoinLeaf(s, as_name(p), name_length(), nullptr, nullptr, nullptr, nullptr, JL_BOTH),
                                s);
     }},
    {"WSADuplicateSocket", both,
     [](SOCKET s, void* p) {
         return error_of(WSADuplicateSocketW(s, GetCurrentProcessId(), static_cast<WSAPROTOCOL_INFOW*>(p)));
     }},
    {"WSASocket", both,
     [](SOCKET, void* p) {
         return error_of_socket(WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, static_cast<WSAPROTOCOL_INFOW*>(p), 0, 0),
                                0);
     }},
};

template <int length>
int bind_length(SOCKET s) {
    const Name name = loopback();
    return error_of(bind(s, name.get(), length));
}
template <int length>
int connect_length(SOCKET s) {
    const Name name = loopback();
    return error_of(connect(s, name.get(), length));
}
template <int length>
int connect_ex_length(SOCKET s) {
    const Name name = loopback();
    return connect_ex(s, name.get(), length, nullptr, nullptr, &overlapped);
}
template <int length>
int sendto_length(SOCKET s) {
    const Name name = loopback();
    return error_of(sendto(s, data, 5, 0, name.get(), length));
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
template <int other>
Name of_family() {
    Name name = loopback();
    name.storage.ss_family = other;
    return name;
}
Name of_the_other_family() { return family == AF_INET6 ? of_family<AF_INET>() : of_family<AF_INET6>(); }
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

const BadCall calls[] = {
    {"bind, length 0", both, bind_length<0>},
    {"bind, length -1", both, bind_length<-1>},
    {"bind, length 2", both, bind_length<2>},
    {"bind, length 15", both, bind_length<15>},
    {"bind, length 28", both, bind_length<28>},
    {"bind, length of all storage", both, bind_length<sizeof(sockaddr_storage)>},
    {"bind, family 0", both, [](SOCKET s) { return error_of(bind(s, of_family<0>().get(), name_length())); }},
    {"bind, family of IPv6 or IPv4", both,
     [](SOCKET s) { return error_of(bind(s, of_the_other_family().get(), name_length())); }},
    {"bind, family 9999", both, [](SOCKET s) { return error_of(bind(s, of_family<9999>().get(), name_length())); }},
    {"bind, no such address", both,
     [](SOCKET s) { return error_of(bind(s, name_of("203.0.113.1", "2001:db8::1", 0).get(), name_length())); }},
    {"bind twice", both,
     [](SOCKET s) {
         bind(s, wildcard().get(), name_length());
         return error_of(bind(s, wildcard().get(), name_length()));
     }},
    {"connect, length 0", both, connect_length<0>},
    {"connect, length -1", both, connect_length<-1>},
    {"connect, length 2", both, connect_length<2>},
    {"connect, length 15", both, connect_length<15>},
    {"connect, length 27", both, connect_length<27>},
    {"connect, family of IPv6 or IPv4", both,
     [](SOCKET s) { return error_of(connect(s, of_the_other_family().get(), name_length())); }},
    {"connect, family 9999", both,
     [](SOCKET s) { return error_of(connect(s, of_family<9999>().get(), name_length())); }},
    {"connect, port 0", both,
     [](SOCKET s) { return error_of(connect(s, name_of("127.0.0.1", "::1", 0).get(), name_length())); }},
    {"connect, nowhere", stream, [](SOCKET s) { return error_of(connect(s, wildcard().get(), name_length())); }},
    {"connect, everybody", stream,
     [](SOCKET s) { return error_of(connect(s, name_of("255.255.255.255", "ff02::1", 9).get(), name_length())); }},
    {"ConnectEx, length 0", stream, connect_ex_length<0>},
    {"ConnectEx, length -1", stream, connect_ex_length<-1>},
    {"ConnectEx, length 15", stream, connect_ex_length<15>},
    {"ConnectEx, family of IPv6 or IPv4", stream,
     [](SOCKET s) { return connect_ex(s, of_the_other_family().get(), name_length(), nullptr, nullptr, &overlapped); }},
    {"ConnectEx of a datagram socket", datagram, connect_ex_length<16>},
    {"sendto, length 0", both, sendto_length<0>},
    {"sendto, length -1", both, sendto_length<-1>},
    {"sendto, length 15", both, sendto_length<15>},
    {"sendto, length 27", both, sendto_length<27>},
    {"sendto, family of IPv6 or IPv4", both,
     [](SOCKET s) { return error_of(sendto(s, data, 5, 0, of_the_other_family().get(), name_length())); }},
    {"sendto, family 9999", both,
     [](SOCKET s) { return error_of(sendto(s, data, 5, 0, of_family<9999>().get(), name_length())); }},
    {"sendto, length of data -1", both,
     [](SOCKET s) { return error_of(sendto(s, data, -1, 0, loopback().get(), name_length())); }},
    {"sendto, too much", datagram,
     [](SOCKET s) {
         static char much[70000];
         return error_of(sendto(s, much, sizeof(much), 0, loopback().get(), name_length()));
     }},
    {"sendto, strange flags", datagram,
     [](SOCKET s) { return error_of(sendto(s, data, 5, 0x7f0000, loopback().get(), name_length())); }},
    {"sendto, no destination", both, [](SOCKET s) { return error_of(sendto(s, data, 5, 0, nullptr, 0)); }},
    {"WSASendTo, no buffers", datagram,
     [](SOCKET s) {
         return error_of(WSASendTo(s, &buffer, 0, &transferred, 0, loopback().get(), name_length(), nullptr, nullptr));
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

}  // namespace

std::span<const BadPointer> bad_pointers() { return pointers; }
std::span<const BadCall> bad_calls() { return calls; }

}  // namespace test
