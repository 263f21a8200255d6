#include <stdexcept>
#include <utility>

#include "machine.hpp"
#include "system/winsock_constants.hpp"

namespace differential {

namespace {

struct Kind {
    const char* name;
    int family, type, protocol;
};

constexpr Kind kinds[] = {
    {"tcp4", AF_INET, SOCK_STREAM, IPPROTO_TCP},   {"udp4", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {"tcp6", AF_INET6, SOCK_STREAM, IPPROTO_TCP},  {"udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {"tcp46", AF_INET6, SOCK_STREAM, IPPROTO_TCP}, {"udp46", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {"raw4", AF_INET, SOCK_RAW, IPPROTO_ICMP},
};

const Kind& kind_of(const std::string& name) {
    for (const Kind& each : kinds) {
        if (name == each.name) return each;
    }
    throw std::runtime_error("no socket is called " + name);
}

std::string made(Slot& slot, const Kind& kind, SOCKET socket) {
    slot.socket = socket;
    slot.family = kind.family;
    slot.type = kind.type;
    if (socket == INVALID_SOCKET) return error_text(WSAGetLastError());
    if (std::string(kind.name).find("46") != std::string::npos) {
        const DWORD off = 0;
        return outcome(setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<const char*>(&off), sizeof(off)));
    }
    return "ok";
}

// `socket KIND [plain | unspecified | info]`: WSASocket with WSA_FLAG_OVERLAPPED unless `plain`; `unspecified` leaves
// the protocol to Winsock; `info` is by the first catalog entry of that kind that a program may use.
std::string make(const Step& step) {
    const Kind& kind = kind_of(step.word(0));
    const DWORD flags = step.has("plain") ? 0 : WSA_FLAG_OVERLAPPED;
    if (!step.has("info")) {
        const int protocol = step.has("unspecified") ? 0 : kind.protocol;
        return made(step.slot, kind, WSASocketW(kind.family, kind.type, protocol, nullptr, 0, flags));
    }
    std::vector<WSAPROTOCOL_INFOW> entries(64);
    auto bytes = static_cast<DWORD>(entries.size() * sizeof(WSAPROTOCOL_INFOW));
    const int count = WSAEnumProtocolsW(nullptr, entries.data(), &bytes);
    for (int i = 0; i < count; ++i) {
        WSAPROTOCOL_INFOW& entry = entries[static_cast<std::size_t>(i)];
        if (entry.iAddressFamily != kind.family || entry.iSocketType != kind.type) continue;
        // `info base`: the base provider's own entry, behind every LSP.
        if (step.has("base") && entry.ProtocolChain.ChainLen != BASE_PROTOCOL) continue;
        return made(step.slot, kind,
                    WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &entry, 0, flags));
    }
    return "no entry";
}

template <int index>
std::string make_kind(const Step& step) {
    const Kind& kind = kinds[index];
    return made(step.slot, kind, socket(kind.family, kind.type, kind.protocol));
}

std::string bind_to(const Step& step) {
    const Address address = step.machine.address(step.slot, step.word(0));
    return outcome(bind(step.slot.socket, address.get(), address.length));
}

std::string local(const Step& step) { return local_name(step); }

std::string remote(const Step& step) {
    Address name;
    name.length = sizeof(name.storage);
    if (getpeername(step.slot.socket, name.get(), &name.length) != 0) return error_text(WSAGetLastError());
    return name_of(name.get(), name.length, step.machine.own_port);
}

std::string close(const Step& step) { return outcome(closesocket(step.slot.socket)); }

// As a program does that takes a socket for a file.
std::string close_handle(const Step& step) {
    return CloseHandle(reinterpret_cast<HANDLE>(step.slot.socket)) ? "ok"
                                                                   : error_text(static_cast<int>(GetLastError()));
}

std::string nonblocking(const Step& step) {
    u_long on = step.word(0) == "off" ? 0 : 1;
    return outcome(ioctlsocket(step.slot.socket, FIONBIO, &on));
}

struct Option {
    const char* name;
    int level, option;
};
constexpr Option options[] = {
    {"reuse", SOL_SOCKET, SO_REUSEADDR},
    {"exclusive", SOL_SOCKET, SO_EXCLUSIVEADDRUSE},
    {"broadcast", SOL_SOCKET, SO_BROADCAST},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
    {"type", SOL_SOCKET, SO_TYPE},
    {"accepting", SOL_SOCKET, SO_ACCEPTCONN},
    {"error", SOL_SOCKET, SO_ERROR},
    {"dontroute", SOL_SOCKET, SO_DONTROUTE},
    {"receive-timeout", SOL_SOCKET, SO_RCVTIMEO},
    {"nodelay", IPPROTO_TCP, TCP_NODELAY},
    {"ttl", IPPROTO_IP, IP_TTL},
    {"pktinfo", IPPROTO_IP, IP_PKTINFO},
    {"header-included", IPPROTO_IP, IP_HDRINCL},
    {"v6only", IPPROTO_IPV6, IPV6_V6ONLY},
    {"connect-time", SOL_SOCKET, SO_CONNECT_TIME},
    {"unknown", SOL_SOCKET, 0x7654},
};
const Option& option_of(const std::string& name) {
    for (const Option& each : options) {
        if (name == each.name) return each;
    }
    throw std::runtime_error("no option is called " + name);
}

// `option NAME VALUE`
std::string set_option(const Step& step) {
    const Option& option = option_of(step.word(0));
    const DWORD value = static_cast<DWORD>(std::stoul(step.word(1, "1")));
    return outcome(setsockopt(step.slot.socket, option.level, option.option, reinterpret_cast<const char*>(&value),
                              sizeof(value)));
}

std::string get_option(const Step& step) {
    const Option& option = option_of(step.word(0));
    DWORD value = 0;
    int length = sizeof(value);
    if (getsockopt(step.slot.socket, option.level, option.option, reinterpret_cast<char*>(&value), &length) != 0) {
        return error_text(WSAGetLastError());
    }
    return std::to_string(value) + " in " + std::to_string(length) + " bytes";
}

// `interface ADDRESS`: IP_UNICAST_IF with the interface that owns the address, by IP_ADDRESS as Windows allows for
// memberships only; so by index, looked up with SIO_ADDRESS_LIST_QUERY's sibling of the same library.
std::string choose_interface(const Step& step) {
    const DWORD index = std::stoul(step.word(0));
    const DWORD value = step.slot.family == AF_INET6 ? index : htonl(index);
    const int level = step.slot.family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    return outcome(
        setsockopt(step.slot.socket, level, IP_UNICAST_IF, reinterpret_cast<const char*>(&value), sizeof(value)));
}

// `member join|leave`: of the multicast group, on the interface that the system chooses.
std::string member(const Step& step) {
    const bool join = step.word(0) == "join";
    const Address group = step.machine.address(step.slot, "multicast");
    if (step.slot.family == AF_INET6) {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = reinterpret_cast<const sockaddr_in6*>(group.get())->sin6_addr;
        return outcome(setsockopt(step.slot.socket, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP,
                                  reinterpret_cast<const char*>(&request), sizeof(request)));
    }
    ip_mreq request{};
    request.imr_multiaddr = reinterpret_cast<const sockaddr_in*>(group.get())->sin_addr;
    const Address own = step.machine.address(step.slot, "physical");
    request.imr_interface = reinterpret_cast<const sockaddr_in*>(own.get())->sin_addr;
    return outcome(setsockopt(step.slot.socket, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                              reinterpret_cast<const char*>(&request), sizeof(request)));
}

// What SO_PROTOCOL_INFO says, but for the entry's id and chain, which differ as they must.
std::string protocol_info(const Step& step) {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    if (getsockopt(step.slot.socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) != 0) {
        return error_text(WSAGetLastError());
    }
    return "family " + std::to_string(info.iAddressFamily) + " type " + std::to_string(info.iSocketType) +
           " protocol " + std::to_string(info.iProtocol) + " flags " + std::to_string(info.dwServiceFlags1) + " in " +
           std::to_string(length) + " bytes";
}

std::string base_handle(const Step& step) {
    SOCKET base = INVALID_SOCKET;
    DWORD bytes = 0;
    if (WSAIoctl(step.slot.socket, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof(base), &bytes, nullptr, nullptr) != 0) {
        return error_text(WSAGetLastError());
    }
    return base == step.slot.socket ? "itself" : "another";
}

std::string to_read(const Step& step) {
    u_long bytes = 0;
    const int result = ioctlsocket(step.slot.socket, FIONREAD, &bytes);
    return result == 0 ? std::to_string(bytes) + " bytes" : error_text(WSAGetLastError());
}

// `interface-list`: how many bytes the answer takes.
std::string address_list(const Step& step) {
    char out[1024];
    DWORD bytes = 0;
    const int result =
        WSAIoctl(step.slot.socket, SIO_ADDRESS_LIST_QUERY, nullptr, 0, out, sizeof(out), &bytes, nullptr, nullptr);
    return result == 0 ? std::to_string(bytes) + " bytes" : error_text(WSAGetLastError());
}

std::string wait(const Step& step) {
    Sleep(static_cast<DWORD>(std::stoul(step.word(0))));
    return "ok";
}

std::string skip(const Step&) { return "skipped"; }

}  // namespace

std::string local_name(const Step& step) {
    Address name;
    name.length = sizeof(name.storage);
    if (getsockname(step.slot.socket, name.get(), &name.length) != 0) return error_text(WSAGetLastError());
    return name_of(name.get(), name.length, step.machine.own_port);
}

Verbs socket_verbs() {
    return {{"socket", make},
            {"tcp4", make_kind<0>},
            {"udp4", make_kind<1>},
            {"tcp6", make_kind<2>},
            {"udp6", make_kind<3>},
            {"tcp46", make_kind<4>},
            {"udp46", make_kind<5>},
            {"raw4", make_kind<6>},
            {"bind", bind_to},
            {"local", local},
            {"remote", remote},
            {"close", close},
            {"close-handle", close_handle},
            {"nonblocking", nonblocking},
            {"option", set_option},
            {"get-option", get_option},
            {"interface", choose_interface},
            {"member", member},
            {"protocol-info", protocol_info},
            {"base-handle", base_handle},
            {"to-read", to_read},
            {"address-list", address_list},
            {"wait", wait},
            {"skip", skip}};
}

}  // namespace differential
