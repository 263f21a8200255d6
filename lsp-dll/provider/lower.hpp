// The lower provider's calls as this provider makes them of its own accord: typed, with the Winsock error as the
// result (0: none). What a program's call becomes is called through Chain::lower itself.
#pragma once

#include "chain.hpp"
#include "endpoint.hpp"

namespace lsp::provider::lower {

int bind(Chain& chain, SOCKET s, const SocketAddress& address) noexcept;

// A socket of the lower provider's own, which ws2_32 does not know: of the chain's protocol, and not inherited by child
// processes where the system has that flag (Windows 7 with SP1). INVALID_SOCKET if it cannot be had.
SOCKET make_socket(Chain& chain) noexcept;
void close_socket(Chain& chain, SOCKET s) noexcept;

int set_option(Chain& chain, SOCKET s, int level, int name, DWORD value) noexcept;
// Whether a DWORD option has another value than zero; false where the lower provider does not tell.
bool is_set(Chain& chain, SOCKET s, int level, int name) noexcept;

// As a DWORD; 0 where the lower provider does not tell.
DWORD get_option(Chain& chain, SOCKET s, int level, int name) noexcept;
// Both directions, at once.
void shut_down(Chain& chain, SOCKET s) noexcept;

// WSPGetSockName; WSAEINVAL for an unbound socket.
int local_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& local) noexcept;
// WSPGetPeerName.
int peer_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& peer) noexcept;

// IP_UNICAST_IF or IPV6_UNICAST_IF: leave through this interface or not at all; index 0 takes it back. On an IPv6
// socket the source's family says which of the two the traffic will obey.
int pin(Chain& chain, SOCKET s, Family source_family, std::uint32_t interface_index) noexcept;
// The interface that the option names, 0 if none, or where the lower provider does not tell.
std::uint32_t pinned_to(Chain& chain, SOCKET s, Family source_family) noexcept;

// SO_REUSE_UNICASTPORT (Windows 10, Server 2016). Ephemeral ports of sockets that are bound to an address are scarce,
// because each is taken for all destinations at once; with the option the port is chosen at connect and shared between
// destinations. True if it was set.
bool share_port(Chain& chain, SOCKET s) noexcept;
void unshare_port(Chain& chain, SOCKET s) noexcept;

// SO_UPDATE_CONNECT_CONTEXT, after ConnectEx.
void update_connect_context(Chain& chain, SOCKET s) noexcept;

// What a socket is, by SO_PROTOCOL_INFO; the chain's own kind where the lower provider does not tell.
struct ProtocolKind {
    SocketType type;
    Family family;
};
ProtocolKind kind_of(Chain& chain, SOCKET s) noexcept;

// The lower provider's extension functions, for a program that has ours from the chain `asked`: the socket's own
// chain's, asked for by `s` if nobody did yet, and if that fails those that were given to the other chain.
LPFN_ACCEPTEX accept_ex(Chain& chain, Chain& asked, SOCKET s) noexcept;
LPFN_CONNECTEX connect_ex(Chain& chain, Chain& asked, SOCKET s) noexcept;
LPFN_WSARECVMSG recv_msg(Chain& chain, Chain& asked, SOCKET s) noexcept;
// The lower provider's WSASendMsg, asked for by `s` if nobody did yet. Null where the lower provider has none (NT 5).
LPFN_WSASENDMSG send_msg(Chain& chain, SOCKET s) noexcept;

}  // namespace lsp::provider::lower
