#include "lower.hpp"

#include "../system/winsock_constants.hpp"

namespace lsp::provider::lower {

int bind(Chain& chain, SOCKET s, const SocketAddress& address) noexcept {
    int error = 0;
    return chain.lower.lpWSPBind(s, &address.any, address.length, &error) == 0 ? 0 : error;
}

SOCKET make_socket(Chain& chain) noexcept {
    const WSAPROTOCOL_INFOW& info = chain.lower_info;
    for (const DWORD flags : {WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED}) {
        WSAPROTOCOL_INFOW copy = info;
        int error = 0;
        const SOCKET s =
            chain.lower.lpWSPSocket(info.iAddressFamily, info.iSocketType, info.iProtocol, &copy, 0, flags, &error);
        if (s != INVALID_SOCKET || error != WSAEINVAL) return s;
    }
    return INVALID_SOCKET;
}

void close_socket(Chain& chain, SOCKET s) noexcept {
    int ignored = 0;
    chain.lower.lpWSPCloseSocket(s, &ignored);
}

int set_option(Chain& chain, SOCKET s, int level, int name, DWORD value) noexcept {
    int error = 0;
    const char* const bytes = reinterpret_cast<const char*>(&value);
    return chain.lower.lpWSPSetSockOpt(s, level, name, bytes, sizeof(value), &error) == 0 ? 0 : error;
}

DWORD get_option(Chain& chain, SOCKET s, int level, int name) noexcept {
    DWORD value = 0;
    int length = sizeof(value);
    int error = 0;
    auto* const bytes = reinterpret_cast<char*>(&value);
    return chain.lower.lpWSPGetSockOpt(s, level, name, bytes, &length, &error) == 0 ? value : 0;
}

bool is_set(Chain& chain, SOCKET s, int level, int name) noexcept { return get_option(chain, s, level, name) != 0; }

void shut_down(Chain& chain, SOCKET s) noexcept {
    int ignored = 0;
    chain.lower.lpWSPShutdown(s, SD_BOTH, &ignored);
}

int local_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& local) noexcept {
    sockaddr_storage name{};
    int length = sizeof(name);
    int error = 0;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    if (chain.lower.lpWSPGetSockName(s, address, &length, &error) != 0) return error;
    return read_endpoint(address, length, family, local) ? 0 : WSAEAFNOSUPPORT;
}

int peer_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& peer) noexcept {
    sockaddr_storage name{};
    int length = sizeof(name);
    int error = 0;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    if (chain.lower.lpWSPGetPeerName(s, address, &length, &error) != 0) return error;
    return read_endpoint(address, length, family, peer) ? 0 : WSAEAFNOSUPPORT;
}

// IP_UNICAST_IF takes the index in network byte order, IPV6_UNICAST_IF in the host's.
int pin(Chain& chain, SOCKET s, Family source_family, std::uint32_t interface_index) noexcept {
    return source_family == Family::ipv4 ? set_option(chain, s, IPPROTO_IP, IP_UNICAST_IF, htonl(interface_index))
                                         : set_option(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF, interface_index);
}

std::uint32_t pinned_to(Chain& chain, SOCKET s, Family source_family) noexcept {
    return source_family == Family::ipv4 ? ntohl(get_option(chain, s, IPPROTO_IP, IP_UNICAST_IF))
                                         : get_option(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF);
}

bool share_port(Chain& chain, SOCKET s) noexcept {
    static std::atomic<bool> absent{false};
    if (absent.load(std::memory_order_relaxed)) return false;
    const int error = set_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 1);
    if (error == WSAENOPROTOOPT) absent.store(true, std::memory_order_relaxed);
    return error == 0;
}

void unshare_port(Chain& chain, SOCKET s) noexcept { set_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 0); }

void update_connect_context(Chain& chain, SOCKET s) noexcept {
    int ignored = 0;
    chain.lower.lpWSPSetSockOpt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0, &ignored);
}

namespace {

// 0, or the error of a lower provider that has no such function or cannot tell at this moment.
template <typename Function>
int ask_extension(Chain& chain, SOCKET s, GUID id, std::atomic<Function>& place, Function& function) noexcept {
    DWORD returned = 0;
    int error = 0;
    if (chain.lower.lpWSPIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function),
                               &returned, nullptr, nullptr, nullptr, &error) != 0) {
        return error != 0 ? error : WSAEINVAL;
    }
    if (function == nullptr) return WSAEOPNOTSUPP;
    place.store(function, std::memory_order_release);
    return 0;
}

template <typename Function>
Function extension(Chain& chain, Chain& asked, SOCKET s, const GUID& id, std::atomic<Function> Chain::*place) noexcept {
    Function function = (chain.*place).load(std::memory_order_acquire);
    if (function == nullptr && ask_extension(chain, s, id, chain.*place, function) != 0) {
        function = (asked.*place).load(std::memory_order_acquire);
    }
    return function;
}

}  // namespace

ProtocolKind kind_of(Chain& chain, SOCKET s) noexcept {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    int error = 0;
    if (chain.lower.lpWSPGetSockOpt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length,
                                    &error) != 0) {
        return {chain.type, chain.family};
    }
    return {socket_type(info.iSocketType), address_family(info.iAddressFamily)};
}

LPFN_ACCEPTEX accept_ex(Chain& chain, Chain& asked, SOCKET s) noexcept {
    return extension(chain, asked, s, GUID WSAID_ACCEPTEX, &Chain::lower_accept_ex);
}

LPFN_CONNECTEX connect_ex(Chain& chain, Chain& asked, SOCKET s) noexcept {
    return extension(chain, asked, s, GUID WSAID_CONNECTEX, &Chain::lower_connect_ex);
}

LPFN_WSARECVMSG recv_msg(Chain& chain, Chain& asked, SOCKET s) noexcept {
    return extension(chain, asked, s, GUID WSAID_WSARECVMSG, &Chain::lower_recv_msg);
}

LPFN_WSASENDMSG send_msg(Chain& chain, SOCKET s) noexcept {
    LPFN_WSASENDMSG function = chain.lower_send_msg.load(std::memory_order_acquire);
    if (function != nullptr || chain.lower_lacks_send_msg.load(std::memory_order_relaxed)) return function;
    const int error = ask_extension(chain, s, GUID WSAID_WSASENDMSG, chain.lower_send_msg, function);
    if (error == 0) return function;
    // Other errors are of this socket, which may be closed already, or of this moment.
    if (error == WSAEINVAL || error == WSAEOPNOTSUPP) chain.lower_lacks_send_msg.store(true, std::memory_order_relaxed);
    return nullptr;
}

}  // namespace lsp::provider::lower
