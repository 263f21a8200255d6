#include "spoofed_send.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "local_address.h"
#include "provider.h"

namespace base_provider {
namespace {
// RFC 791 and RFC 768; big-endian on the wire.
struct DatagramHeader {
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
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint16_t length = 0;
    std::uint16_t checksum = 0;
};
static_assert(sizeof(DatagramHeader) == 28);
constexpr std::size_t ipHeaderSize = 20;

std::uint16_t swap(std::size_t value) {
    return static_cast<std::uint16_t>((value & 0xff) << 8 | ((value >> 8) & 0xff));
}

void addWords(std::uint32_t& sum, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    for (std::size_t i = 0; i < size; i++) sum += i % 2 ? bytes[i] : bytes[i] << 8;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
}

std::uint16_t udpChecksum(const DatagramHeader& header, const std::uint8_t* udp, std::size_t size) {
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
bool ownPort(SOCKET socket, sockaddr_in6& own, int& length) {
    length = sizeof own;
    if (systemWinsock.getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) == 0 && own.sin6_port != 0)
        return true;
    WSAPROTOCOL_INFOW info{};
    int infoLength = sizeof info;
    if (systemWinsock.getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &infoLength) !=
        0)
        return false;
    own = {};
    own.sin6_family = static_cast<short>(info.iAddressFamily);
    length = info.iAddressFamily == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (systemWinsock.bind(socket, reinterpret_cast<sockaddr*>(&own), length) != 0) return false;
    return systemWinsock.getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) == 0;
}

bool sendRaw(DatagramHeader header, ULONG interfaceIndex, const sockaddr_in& destination, const WSAMSG& message) {
    std::vector<std::uint8_t> packet(sizeof header);
    for (DWORD i = 0; i < message.dwBufferCount; i++)
        packet.insert(packet.end(), message.lpBuffers[i].buf, message.lpBuffers[i].buf + message.lpBuffers[i].len);
    header.totalLength = swap(packet.size());
    header.length = swap(packet.size() - ipHeaderSize);
    std::memcpy(packet.data(), &header, sizeof header);
    header.checksum = udpChecksum(header, packet.data() + ipHeaderSize, packet.size() - ipHeaderSize);
    std::memcpy(packet.data(), &header, sizeof header);

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

int completeThroughSink(SOCKET socket, int family, const WSAMSG& message, DWORD flags, DWORD* sent,
                        WSAOVERLAPPED* overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    const sockaddr_in* sink = sinkAddress();
    if (!sink) return SOCKET_ERROR;
    sockaddr_in6 to{};
    int length = sizeof(sockaddr_in);
    std::memcpy(&to, sink, sizeof *sink);
    if (family == AF_INET6) {
        to = {};
        to.sin6_family = AF_INET6;
        to.sin6_port = sink->sin_port;
        to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xff;
        std::memcpy(to.sin6_addr.s6_addr + 12, &sink->sin_addr, 4);
        length = sizeof to;
    }
    return systemWinsock.WSASendTo(socket, message.lpBuffers, message.dwBufferCount, sent, flags,
                                   reinterpret_cast<sockaddr*>(&to), length, overlapped, routine);
}
}  // namespace

int SendFrom(SOCKET socket, const sockaddr_in& source, ULONG interfaceIndex, const sockaddr_in& destination,
             const WSAMSG& message, DWORD flags, DWORD* sent, WSAOVERLAPPED* overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (!IsLocalAddress(source)) {
        SetLastError(WSAEADDRNOTAVAIL);
        return SOCKET_ERROR;
    }
    sockaddr_in6 own;
    int ownLength;
    if (!ownPort(socket, own, ownLength)) return SOCKET_ERROR;
    DatagramHeader header;
    header.source = source.sin_addr;
    header.destination = destination.sin_addr;
    header.sourcePort = own.sin6_port;
    header.destinationPort = destination.sin_port;
    if (!sendRaw(header, interfaceIndex, destination, message)) return SOCKET_ERROR;
    if (overlapped) return completeThroughSink(socket, own.sin6_family, message, flags, sent, overlapped, routine);
    if (sent) {
        *sent = 0;
        for (DWORD i = 0; i < message.dwBufferCount; i++) *sent += message.lpBuffers[i].len;
    }
    return 0;
}
}  // namespace base_provider
