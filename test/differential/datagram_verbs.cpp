#include <cstring>

#include "machine.hpp"
#include "overlapped.hpp"

namespace differential {

namespace {

constexpr int ip_pktinfo = 19;

// The host's raw sockets all get all answers: those to this process's latest request have its identifier and number.
std::uint16_t echo_identifier() { return static_cast<std::uint16_t>(GetCurrentProcessId()); }
std::uint16_t echo_number = 0;

std::uint16_t big_endian(const unsigned char* bytes) { return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]); }
void put_big_endian(unsigned char* bytes, std::uint32_t value) {
    bytes[0] = static_cast<unsigned char>(value >> 8);
    bytes[1] = static_cast<unsigned char>(value);
}

// An ICMP echo request, whose answer comes from the kernel of whoever is asked (RFC 792).
constexpr std::size_t echo_size = 12;
void write_echo_request(unsigned char* bytes) {
    std::memcpy(bytes, "\x08\0\0\0\0\0\0\0abcd", echo_size);
    put_big_endian(bytes + 4, echo_identifier());
    put_big_endian(bytes + 6, ++echo_number);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < echo_size; i += 2) sum += big_endian(bytes + i);
    put_big_endian(bytes + 2, ~((sum >> 16) + (sum & 0xffff)));
}

const IN_ADDR& ipv4_of(const Address& address) { return reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr; }

// An IPv4 header for it, as a program writes it that set IP_HDRINCL (RFC 791); the system adds the rest.
constexpr std::size_t header_size = 20;
void write_header(unsigned char* bytes, const IN_ADDR& source, const IN_ADDR& destination) {
    std::memset(bytes, 0, header_size);
    bytes[0] = 0x45;
    put_big_endian(bytes + 2, header_size + echo_size);
    bytes[8] = 64;  // time to live
    bytes[9] = IPPROTO_ICMP;
    std::memcpy(bytes + 12, &source, 4);
    std::memcpy(bytes + 16, &destination, 4);
}

// `DESTINATION [own-header]`: "hello", or from a raw socket an echo request, with a header that names the virtual
// address if the program writes that itself.
struct Datagram {
    Address to;
    char data[header_size + echo_size] = "hello";
    WSABUF buffer{};
    WSAMSG message{};
    alignas(8) char control[64] = {};

    explicit Datagram(const Step& step) : to(step.machine.address(step.slot, step.word(0))) {
        buffer = {5, data};
        if (step.slot.type == SOCK_RAW) {
            auto* const bytes = reinterpret_cast<unsigned char*>(data);
            const std::size_t header = step.has("own-header") ? header_size : 0;
            if (header != 0) {
                write_header(bytes, ipv4_of(step.machine.address(step.slot, "virtual:0")), ipv4_of(to));
            }
            write_echo_request(bytes + header);
            buffer.len = static_cast<ULONG>(header + echo_size);
        }
        message.name = to.get();
        message.namelen = to.length;
        message.lpBuffers = &buffer;
        message.dwBufferCount = 1;
    }

    // One control message, with the layout of WSACMSGHDR.
    void add_control(int level, int type, const void* data, std::size_t bytes) {
        auto* const header = reinterpret_cast<WSACMSGHDR*>(control);
        header->cmsg_len = WSA_CMSG_LEN(bytes);
        header->cmsg_level = level;
        header->cmsg_type = type;
        std::memcpy(WSA_CMSG_DATA(header), data, bytes);
        message.Control = {static_cast<ULONG>(WSA_CMSG_SPACE(bytes)), control};
    }
};

std::string plain(const Step& step) {
    const Datagram datagram(step);
    const int sent = sendto(step.slot.socket, datagram.buffer.buf, static_cast<int>(datagram.buffer.len), 0,
                            datagram.to.get(), datagram.to.length);
    return sent >= 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

std::string wsa(const Step& step) {
    const auto datagram = std::make_shared<Datagram>(step);
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return WSASendTo(step.slot.socket, &datagram->buffer, 1, sent, 0, datagram->to.get(), datagram->to.length,
                         overlapped, routine);
    });
}

// Two buffers, a datagram.
std::string gather(const Step& step) {
    const Datagram datagram(step);
    WSABUF buffers[] = {{3, datagram.buffer.buf}, {datagram.buffer.len - 3, datagram.buffer.buf + 3}};
    DWORD sent = 0;
    const int result =
        WSASendTo(step.slot.socket, buffers, 2, &sent, 0, datagram.to.get(), datagram.to.length, nullptr, nullptr);
    return result == 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

void add_control(const Step& step, Datagram& datagram) {
    if (step.has("own-source")) {
        const Address own = step.machine.address(step.slot, "virtual:0");
        char info[8] = {};
        std::memcpy(info, &ipv4_of(own), 4);
        datagram.add_control(IPPROTO_IP, ip_pktinfo, info, sizeof(info));
    }
    if (step.has("other-control")) {
        const int ttl = 9;
        datagram.add_control(IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
    }
    if (step.has("no-name")) {
        datagram.message.name = nullptr;
        datagram.message.namelen = 0;
    }
}

// `sendmsg DESTINATION [own-source | other-control | no-name] [/way]`: through the pointer
std::string by_pointer(const Step& step) {
    LPFN_WSASENDMSG function = nullptr;
    GUID id = WSAID_WSASENDMSG;
    DWORD bytes = 0;
    if (WSAIoctl(step.slot.socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function),
                 &bytes, nullptr, nullptr) != 0) {
        return "no function: " + error_text(WSAGetLastError());
    }
    const auto datagram = std::make_shared<Datagram>(step);
    add_control(step, *datagram);
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return function(step.slot.socket, &datagram->message, 0, sent, overlapped, routine);
    });
}

// The exported one.
std::string exported(const Step& step) {
    const auto datagram = std::make_shared<Datagram>(step);
    add_control(step, *datagram);
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return WSASendMsg(step.slot.socket, &datagram->message, 0, sent, overlapped, routine);
    });
}

// `pong`: the next echo answer's header says whom it is for, which is the source that the request had.
std::string pong(const Step& step) {
    const ULONGLONG end = GetTickCount64() + 800;
    for (;;) {
        const ULONGLONG now = GetTickCount64();
        if (now >= end || !wait_readable(step.slot.socket, static_cast<int>(end - now))) return "nobody";
        unsigned char packet[256];
        const int bytes = recv(step.slot.socket, reinterpret_cast<char*>(packet), sizeof(packet), 0);
        if (bytes < 0) return error_text(WSAGetLastError());
        const int header = (packet[0] & 15) * 4;
        if (bytes < header + 8 || packet[header] != 0) continue;  // somebody's request
        if (big_endian(packet + header + 4) != echo_identifier()) continue;
        if (big_endian(packet + header + 6) != echo_number) continue;
        char from[INET_ADDRSTRLEN];
        char to[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, packet + 12, from, sizeof(from));
        inet_ntop(AF_INET, packet + 16, to, sizeof(to));
        return "saw " + name_of_host(to) + " answered from " + name_of_host(from);
    }
}

}  // namespace

Verbs datagram_verbs() {
    return {{"sendto", plain},       {"wsasendto", wsa},       {"gather", gather},
            {"sendmsg", by_pointer}, {"wsasendmsg", exported}, {"pong", pong}};
}

}  // namespace differential
