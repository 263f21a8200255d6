#include <cstring>

#include "machine.hpp"
#include "overlapped.hpp"

namespace differential {

namespace {

constexpr int ip_pktinfo = 19;

struct Datagram {
    Address to;
    char text[6];
    WSABUF buffer{};
    WSAMSG message{};
    alignas(8) char control[64] = {};

    explicit Datagram(const Address& address) : to(address) {
        std::memcpy(text, "hello", 6);
        buffer = {5, text};
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

// The host's raw sockets all get all answers: those to this process's latest request have its identifier and number.
std::uint16_t echo_identifier() { return static_cast<std::uint16_t>(GetCurrentProcessId()); }
std::uint16_t echo_number = 0;

std::uint16_t big_endian(const unsigned char* bytes) { return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]); }

// An ICMP echo request for raw sockets, whose answer comes from the kernel of whoever is asked.
void make_echo_request(Datagram& datagram, char (&packet)[12]) {
    unsigned char bytes[12] = {8, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c', 'd'};
    ++echo_number;
    bytes[4] = static_cast<unsigned char>(echo_identifier() >> 8);
    bytes[5] = static_cast<unsigned char>(echo_identifier());
    bytes[6] = static_cast<unsigned char>(echo_number >> 8);
    bytes[7] = static_cast<unsigned char>(echo_number);
    std::memcpy(packet, bytes, sizeof(bytes));
    std::uint32_t sum = 0;
    for (int i = 0; i < 12; i += 2) sum += static_cast<std::uint32_t>(bytes[i]) << 8 | bytes[i + 1];
    sum = (sum >> 16) + (sum & 0xffff);
    packet[2] = static_cast<char>(~sum >> 8);
    packet[3] = static_cast<char>(~sum);
    datagram.buffer = {12, packet};
}

std::string plain(const Step& step) {
    const Address to = step.machine.address(step.slot, step.word(0));
    const int sent = sendto(step.slot.socket, "hello", 5, 0, to.get(), to.length);
    return sent >= 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

std::string wsa(const Step& step) {
    const auto datagram = std::make_shared<Datagram>(step.machine.address(step.slot, step.word(0)));
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return WSASendTo(step.slot.socket, &datagram->buffer, 1, sent, 0, datagram->to.get(), datagram->to.length,
                         overlapped, routine);
    });
}

// Two buffers, a datagram.
std::string gather(const Step& step) {
    const Address to = step.machine.address(step.slot, step.word(0));
    char first[] = "hel";
    char second[] = "lo";
    WSABUF buffers[] = {{3, first}, {2, second}};
    DWORD sent = 0;
    const int result = WSASendTo(step.slot.socket, buffers, 2, &sent, 0, to.get(), to.length, nullptr, nullptr);
    return result == 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

void add_control(const Step& step, Datagram& datagram) {
    if (step.has("own-source")) {
        const Address own = step.machine.address(step.slot, "virtual:0");
        char info[8] = {};
        std::memcpy(info, &reinterpret_cast<const sockaddr_in*>(own.get())->sin_addr, 4);
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
    const auto datagram = std::make_shared<Datagram>(step.machine.address(step.slot, step.word(0)));
    add_control(step, *datagram);
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return function(step.slot.socket, &datagram->message, 0, sent, overlapped, routine);
    });
}

// The exported one.
std::string exported(const Step& step) {
    const auto datagram = std::make_shared<Datagram>(step.machine.address(step.slot, step.word(0)));
    add_control(step, *datagram);
    return complete(step, datagram, [&](WSAOVERLAPPED* overlapped, auto routine, DWORD* sent) {
        return WSASendMsg(step.slot.socket, &datagram->message, 0, sent, overlapped, routine);
    });
}

// `ping DESTINATION`: from a raw socket
std::string ping(const Step& step) {
    Datagram datagram(step.machine.address(step.slot, step.word(0)));
    char packet[12];
    make_echo_request(datagram, packet);
    const int sent = sendto(step.slot.socket, packet, 12, 0, datagram.to.get(), datagram.to.length);
    return sent >= 0 ? std::to_string(sent) + " bytes" : error_text(WSAGetLastError());
}

// `pong`: the next echo answer's header says whom it is for, which is the source that the request had.
std::string pong(const Step& step) {
    for (;;) {
        if (!wait_readable(step.slot.socket, 800)) return "nobody";
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
    return {{"sendto", plain},        {"wsasendto", wsa}, {"gather", gather}, {"sendmsg", by_pointer},
            {"wsasendmsg", exported}, {"ping", ping},     {"pong", pong}};
}

}  // namespace differential
