// What we know of a socket, and the changes that calls make to it (the states: docs/architecture.md).
#pragma once

#include "chain.hpp"

namespace lsp::provider {

// The state of the socket. One that we never saw (inherited, duplicated, opened before a policy was there) is looked at
// once through the lower provider.
SocketState state_of(Chain& chain, SOCKET s) noexcept;

// Binds a deferred socket to the wildcard below, before a call that would show that it is not bound; others are left as
// they are. 0, or the error that the lower bind gave.
int settle(Chain& chain, SOCKET s, SocketState& state) noexcept;
int settle(Chain& chain, SOCKET s) noexcept;

// Binds an unbound or deferred socket to the wildcard below, as a send without a bind does by itself.
int bind_wildcard(Chain& chain, SOCKET s, SocketState& state) noexcept;

// The lower bind of an unbound or deferred socket to this address, with the port that the program was told of it if it
// was told one. The state is as it was.
int bind_below(Chain& chain, SOCKET s, const SocketState& state, const IpAddress& address) noexcept;
// After it: the socket needs no note any more. As change_state.
bool mark_bound(SOCKET s, SocketState& state, SocketState bound) noexcept;

// Writes `changed` where the state is still `state`, which follows. False, and no change, if another thread of the
// program was faster.
bool change_state(SOCKET s, SocketState& state, SocketState changed) noexcept;

// Changes what is known of the socket, whatever other threads of the program change meanwhile: `change` is given what
// there is, again if somebody was faster. Nothing happens to an unknown socket.
template <typename Change>
void update_state(SOCKET s, Change change) noexcept {
    SocketState state = sockets.get(s);
    while (state.kind != SocketKind::unknown) {
        SocketState changed = state;
        change(changed);
        if (changed == state || sockets.exchange(s, state, changed)) return;
    }
}

// A call that binds implicitly went through: what was unbound is bound to the wildcard now.
void mark_implicit_bind(SOCKET s, const SocketState& state) noexcept;

// A datagram or raw socket has a default destination now, or none any more.
void mark_connected(SOCKET s, bool connected) noexcept;

// See check.hpp.
void mark_unchecked(SOCKET s, SocketState& state) noexcept;
void mark_checked(SOCKET s) noexcept;

// A datagram socket whose program would notice that its bind is put off.
void mark_binds_at_once(SOCKET s) noexcept;

// The chain of the socket's kind: `asked`, unless a program uses that one's procedures for a socket of another's.
Chain& chain_of(Chain& asked, const SocketState& state) noexcept;

// The address that the socket is bound to, unmapped; none if it is not bound or bound to the wildcard.
IpAddress bound_address(Chain& chain, SOCKET s, const SocketState& state) noexcept;

// How a program chose what its traffic leaves by.
struct Choice {
    IpAddress address;                  // unmapped; none if it chose no address
    bool by_interface = false;          // it chose an interface,
    std::uint32_t interface_index = 0;  // this one; 0 where the system does not tell
};
// For a socket as a whole, towards that destination (unmapped).
Choice choice_of(Chain& chain, SOCKET s, const SocketState& state, const IpAddress& destination) noexcept;

// A stream whose calls do not wait (FIONBIO, WSAEventSelect, WSAAsyncSelect).
inline bool is_nonblocking(const SocketState& state) noexcept {
    return state.type == SocketType::stream && state.ruled;
}
void mark_nonblocking(SOCKET s, bool nonblocking) noexcept;

// A stream whose program is told of what happens by events or messages, or polls behind our back.
inline bool is_watched(const SocketState& state) noexcept {
    return state.type == SocketType::stream && state.connected;
}
void mark_watched(SOCKET s, bool watched) noexcept;

}  // namespace lsp::provider
