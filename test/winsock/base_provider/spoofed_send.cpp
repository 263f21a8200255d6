#include "spoofed_send.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "local_address.h"
#include "provider.h"

namespace base_provider {
namespace {
// RFC 791 and RFC 768; big-endian on the wire.
struct IpHeader {
    std::uint8_t versionAndLength = 0x45;
    std::uint8_t typeOfService = 0;
    std::uint16_t totalLength = 0;
    std::uint16_t identification = 0;  // 0: the kernel fills it in (raw(7))
    std::uint16_t fragment = 0;
    std::uint8_t timeToLive = 128;
    std::uint8_t protocol = IPPROTO_UDP;
    std::uint16_t headerChecksum = 0;  // always filled in by the kernel
    IN_ADDR source{};
    IN_ADDR destination{};
};
static_assert(sizeof(IpHeader) == 20);

struct UdpHeader {
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint16_t length = 0;
    std::uint16_t checksum = 0;
};
static_assert(sizeof(UdpHeader) == 8);

std::uint16_t swap(std::size_t value) {
    return static_cast<std::uint16_t>((value & 0xff) << 8 | ((value >> 8) & 0xff));
}

void addWords(std::uint32_t& sum, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    for (std::size_t i = 0; i < size; i++) sum += i % 2 ? bytes[i] : bytes[i] << 8;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
}

std::uint16_t udpChecksum(const IpHeader& header, const std::uint8_t* udp, std::size_t size) {
    std::uint32_t sum = 0;
    const std::uint8_t pseudo[4] = {0, IPPROTO_UDP, static_cast<std::uint8_t>(size >> 8),
                                    static_cast<std::uint8_t>(size)};
    addWords(sum, &header.source, 4);
    addWords(sum, &header.destination, 4);
    addWords(sum, pseudo, sizeof pseudo);
    addWords(sum, udp, size);
    const auto checksum = static_cast<std::uint16_t>(~sum);
    return swap(checksum ? checksum : 0xffff);
}

class OwnedSocket {
  public:
    OwnedSocket(int type, int protocol) : socket_(systemWinsock.WSASocketW(AF_INET, type, protocol, nullptr, 0, 0)) {}
    ~OwnedSocket() {
        if (socket_ != INVALID_SOCKET) systemWinsock.closesocket(socket_);
    }
    OwnedSocket(const OwnedSocket&) = delete;
    OwnedSocket& operator=(const OwnedSocket&) = delete;
    SOCKET get() const { return socket_; }

  private:
    SOCKET socket_;
};

// The socket's port, in network order; a socket that is not bound is bound to the wildcard, as by a send.
bool ownPort(SOCKET socket, int family, std::uint16_t& port) {
    sockaddr_in6 own{};
    int length = sizeof own;
    if (systemWinsock.getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) != 0 || own.sin6_port == 0) {
        own = {};
        own.sin6_family = static_cast<short>(family);
        length = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
        if (systemWinsock.bind(socket, reinterpret_cast<sockaddr*>(&own), length) != 0) return false;
        length = sizeof own;
        if (systemWinsock.getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) != 0) return false;
    }
    port = own.sin6_port;
    return true;
}

void append(std::vector<std::uint8_t>& packet, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    packet.insert(packet.end(), bytes, bytes + size);
}

void appendData(std::vector<std::uint8_t>& packet, const WSAMSG& message) {
    for (DWORD i = 0; i < message.dwBufferCount; i++)
        append(packet, message.lpBuffers[i].buf, message.lpBuffers[i].len);
}

// What follows the IP header: of a raw socket the program's own bytes, else a UDP datagram from the socket's port.
bool makePayload(SOCKET socket, const WSAPROTOCOL_INFOW& info, const IpHeader& header, std::uint16_t destinationPort,
                 const WSAMSG& message, std::vector<std::uint8_t>& payload) {
    if (info.iSocketType == SOCK_RAW) {
        appendData(payload, message);
        return true;
    }
    UdpHeader udp;
    if (!ownPort(socket, info.iAddressFamily, udp.sourcePort)) return false;
    udp.destinationPort = destinationPort;
    append(payload, &udp, sizeof udp);
    appendData(payload, message);
    udp.length = swap(payload.size());
    std::memcpy(payload.data(), &udp, sizeof udp);
    udp.checksum = udpChecksum(header, payload.data(), payload.size());
    std::memcpy(payload.data(), &udp, sizeof udp);
    return true;
}

bool sendPacket(IpHeader header, const std::vector<std::uint8_t>& payload, ULONG interfaceIndex,
                const sockaddr_in& destination) {
    header.totalLength = swap(sizeof header + payload.size());
    std::vector<std::uint8_t> packet;
    append(packet, &header, sizeof header);
    append(packet, payload.data(), payload.size());

    // IPPROTO_RAW: on Linux such a socket receives nothing, and the header is always the sender's (raw(7)).
    OwnedSocket raw(SOCK_RAW, IPPROTO_RAW);
    if (raw.get() == INVALID_SOCKET) return false;
    const BOOL included = TRUE;
    systemWinsock.setsockopt(raw.get(), IPPROTO_IP, IP_HDRINCL, reinterpret_cast<const char*>(&included),
                             sizeof included);
    // What is for the host itself leaves through no interface; Linux would look for it beyond the one that is named.
    if (interfaceIndex && !IsLocalAddress(destination)) {
        const ULONG index = htonl(interfaceIndex);  // Microsoft, IP_UNICAST_IF: network byte order
        systemWinsock.setsockopt(raw.get(), IPPROTO_IP, IP_UNICAST_IF, reinterpret_cast<const char*>(&index),
                                 sizeof index);
    }
    WSABUF buffer = {static_cast<ULONG>(packet.size()), reinterpret_cast<char*>(packet.data())};
    DWORD sent = 0;
    sockaddr_in to = destination;
    return systemWinsock.WSASendTo(raw.get(), &buffer, 1, &sent, 0, reinterpret_cast<sockaddr*>(&to), sizeof to,
                                   nullptr, nullptr) == 0;
}

// A UDP socket on 127.0.0.1 that nobody reads; what does not fit into its buffer is dropped.
const sockaddr_in* sinkAddress() {
    static const sockaddr_in address = [] {
        sockaddr_in sink{};
        int length = sizeof sink;
        static OwnedSocket socket(SOCK_DGRAM, IPPROTO_UDP);
        sink.sin_family = AF_INET;
        sink.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (systemWinsock.bind(socket.get(), reinterpret_cast<sockaddr*>(&sink), sizeof sink) != 0 ||
            systemWinsock.getsockname(socket.get(), reinterpret_cast<sockaddr*>(&sink), &length) != 0)
            sink = {};
        return sink;
    }();
    return address.sin_port ? &address : nullptr;
}

std::size_t sizeOf(const WSAMSG& message) {
    std::size_t size = 0;
    for (DWORD i = 0; i < message.dwBufferCount; i++) size += message.lpBuffers[i].len;
    return size;
}

int completeThroughSink(SOCKET socket, const WSAPROTOCOL_INFOW& info, const WSAMSG& message, DWORD flags, DWORD* sent,
                        WSAOVERLAPPED* overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    const sockaddr_in* sink = sinkAddress();
    if (!sink) return SOCKET_ERROR;
    sockaddr_in6 to{};
    int length = sizeof(sockaddr_in);
    std::memcpy(&to, sink, sizeof *sink);
    if (info.iAddressFamily == AF_INET6) {
        to = {};
        to.sin6_family = AF_INET6;
        to.sin6_port = sink->sin_port;
        to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xff;
        std::memcpy(to.sin6_addr.s6_addr + 12, &sink->sin_addr, 4);
        length = sizeof to;
    }
    WSABUF* buffers = message.lpBuffers;
    DWORD count = message.dwBufferCount;
    // The host would answer what a raw socket says, an echo request for one. Zeros have a wrong checksum.
    static char zeros[65536];
    WSABUF nothing = {static_cast<ULONG>(sizeOf(message)), zeros};
    if (info.iSocketType == SOCK_RAW) {
        buffers = &nothing;
        count = 1;
    }
    return systemWinsock.WSASendTo(socket, buffers, count, sent, flags, reinterpret_cast<sockaddr*>(&to), length,
                                   overlapped, routine);
}
}  // namespace

int SendFrom(SOCKET socket, const sockaddr_in& source, ULONG interfaceIndex, const sockaddr_in& destination,
             const WSAMSG& message, DWORD flags, DWORD* sent, WSAOVERLAPPED* overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (!IsLocalAddress(source)) {
        SetLastError(WSAEADDRNOTAVAIL);
        return SOCKET_ERROR;
    }
    WSAPROTOCOL_INFOW info{};
    int infoLength = sizeof info;
    if (systemWinsock.getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &infoLength) !=
        0)
        return SOCKET_ERROR;
    IpHeader header;
    if (info.iSocketType == SOCK_RAW) header.protocol = static_cast<std::uint8_t>(info.iProtocol);
    header.source = source.sin_addr;
    header.destination = destination.sin_addr;
    std::vector<std::uint8_t> payload;
    if (!makePayload(socket, info, header, destination.sin_port, message, payload) ||
        !sendPacket(header, payload, interfaceIndex, destination))
        return SOCKET_ERROR;
    if (overlapped) return completeThroughSink(socket, info, message, flags, sent, overlapped, routine);
    if (sent) *sent = static_cast<DWORD>(sizeOf(message));
    return 0;
}
}  // namespace base_provider
