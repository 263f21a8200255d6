#include "lower.hpp"

#include "../system/winsock_constants.hpp"

namespace lsp::provider::lower {

int bind(Chain& chain, SOCKET s, const SocketAddress& address) noexcept {
    int error = 0;
    return chain.lower.lpWSPBind(s, &address.any, address.length, &error) == 0 ? 0 : error;
}

int set_option(Chain& chain, SOCKET s, int level, int name, DWORD value) noexcept {
    int error = 0;
    const char* const bytes = reinterpret_cast<const char*>(&value);
    return chain.lower.lpWSPSetSockOpt(s, level, name, bytes, sizeof(value), &error) == 0 ? 0 : error;
}

bool is_set(Chain& chain, SOCKET s, int level, int name) noexcept {
    DWORD value = 0;
    int length = sizeof(value);
    int error = 0;
    return chain.lower.lpWSPGetSockOpt(s, level, name, reinterpret_cast<char*>(&value), &length, &error) == 0 &&
           value != 0;
}

int local_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& local) noexcept {
    sockaddr_storage name{};
    int length = sizeof(name);
    int error = 0;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    if (chain.lower.lpWSPGetSockName(s, address, &length, &error) != 0) return error;
    return read_endpoint(address, length, family, local) ? 0 : WSAEAFNOSUPPORT;
}

// IP_UNICAST_IF takes the index in network byte order, IPV6_UNICAST_IF in the host's.
int pin(Chain& chain, SOCKET s, Family source_family, std::uint32_t interface_index) noexcept {
    return source_family == Family::ipv4 ? set_option(chain, s, IPPROTO_IP, IP_UNICAST_IF, htonl(interface_index))
                                         : set_option(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF, interface_index);
}

bool share_port(Chain& chain, SOCKET s) noexcept {
    static std::atomic<bool> absent{false};
    if (absent.load(std::memory_order_relaxed)) return false;
    const int error = set_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 1);
    if (error == WSAENOPROTOOPT) absent.store(true, std::memory_order_relaxed);
    return error == 0;
}

void unshare_port(Chain& chain, SOCKET s) noexcept { set_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 0); }

LPFN_WSASENDMSG send_msg(Chain& chain, SOCKET s) noexcept {
    LPFN_WSASENDMSG function = chain.lower_send_msg.load(std::memory_order_acquire);
    if (function != nullptr || chain.lower_lacks_send_msg.load(std::memory_order_relaxed)) return function;
    GUID id = WSAID_WSASENDMSG;
    DWORD returned = 0;
    int error = 0;
    if (chain.lower.lpWSPIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function),
                               &returned, nullptr, nullptr, nullptr, &error) == 0) {
        error = 0;
    }
    if (error != 0 || function == nullptr) {
        // Other errors are of this socket, which may be closed already, or of this moment.
        const bool lacks = error == 0 || error == WSAEINVAL || error == WSAEOPNOTSUPP;
        if (lacks) chain.lower_lacks_send_msg.store(true, std::memory_order_relaxed);
        return nullptr;
    }
    chain.lower_send_msg.store(function, std::memory_order_release);
    return function;
}

}  // namespace lsp::provider::lower
