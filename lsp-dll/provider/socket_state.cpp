#include "socket_state.hpp"

#include "../system/winsock_constants.hpp"
#include "deferred.hpp"
#include "inlining.hpp"
#include "lower.hpp"
#include "notes.hpp"
#include "policy_cache.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

// What the lower provider tells of a socket that somebody else made.
LSP_APART SocketState look_at(Chain& chain, SOCKET s) noexcept {
    SocketState state;
    const lower::ProtocolKind kind = lower::kind_of(chain, s);
    if (kind.family == Family::none || kind.type == SocketType::other) return state;
    Endpoint local;
    const int error = lower::local_endpoint(chain, s, kind.family, local);
    if (error != 0 && error != WSAEINVAL) return state;  // not a socket of the lower provider at all
    state.kind = error == WSAEINVAL               ? SocketKind::unbound
                 : local.address.is_unspecified() ? SocketKind::wildcard
                                                  : SocketKind::explicit_;
    state.type = kind.type;
    state.family = kind.family;
    const bool ipv6 = state.family == Family::ipv6;
    state.interface_chosen = lower::is_set(chain, s, IPPROTO_IP, IP_UNICAST_IF) ||
                             (ipv6 && lower::is_set(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF));
    state.header_included =
        state.type == SocketType::raw && lower::is_set(chain, s, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, IP_HDRINCL);
    return state;
}

}  // namespace

SocketState state_of(Chain& chain, SOCKET s) noexcept {
    SocketState state = sockets.get(s);
    if (state.kind != SocketKind::unknown || !policy_active()) return state;
    SocketState known = state;
    state = look_at(chain, s);
    if (state.kind == SocketKind::unknown || sockets.exchange(s, known, state)) return state;
    // Another thread has looked too, or bound it already; or the handle cannot be tracked.
    return known.kind == SocketKind::unknown ? state : known;
}

Chain& chain_of(Chain& asked, const SocketState& state) noexcept {
    if (state.kind == SocketKind::unknown || (state.type == asked.type && state.family == asked.family)) return asked;
    Chain* const own = started_chain(state.type, state.family);
    return own != nullptr ? *own : asked;
}

IpAddress bound_address(Chain& chain, SOCKET s, const SocketState& state) noexcept {
    Endpoint local;
    if (lower::local_endpoint(chain, s, state.family, local) != 0) return {};
    const IpAddress address = local.address.unmapped();
    return address.is_unspecified() ? IpAddress{} : address;
}

LSP_APART Choice choice_of(Chain& chain, SOCKET s, const SocketState& state, const IpAddress& destination) noexcept {
    Choice choice;
    choice.address = bound_address(chain, s, state);
    choice.by_interface = state.interface_chosen;
    if (state.interface_chosen) choice.interface_index = lower::pinned_to(chain, s, destination.family);
    return choice;
}

void mark_nonblocking(SOCKET s, bool nonblocking) noexcept {
    update_state(s, [nonblocking](SocketState& now) {
        if (now.type == SocketType::stream) now.ruled = nonblocking;
    });
}

void mark_watched(SOCKET s, bool watched) noexcept {
    update_state(s, [watched](SocketState& now) {
        if (now.type == SocketType::stream) now.connected = watched;
    });
}

int settle(Chain& chain, SOCKET s, SocketState& state) noexcept {
    return state.kind == SocketKind::deferred ? bind_wildcard(chain, s, state) : 0;
}

int settle(Chain& chain, SOCKET s) noexcept {
    SocketState state = sockets.get(s);
    return settle(chain, s, state);
}

LSP_APART int bind_wildcard(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (state.kind != SocketKind::deferred && state.kind != SocketKind::unbound) return 0;
    IpAddress any;
    any.family = state.family;
    const int error = bind_below(chain, s, state, any);
    // WSAEINVAL: another thread of the program has just done it.
    if (error != 0 && error != WSAEINVAL) return error;
    const bool deferred = state.kind == SocketKind::deferred;
    SocketState bound = state;
    bound.kind = SocketKind::wildcard;
    if (!mark_bound(s, state, bound)) {
        state = sockets.get(s);
    } else if (deferred) {
        count(Counter::binds_settled);
    }
    return 0;
}

int bind_below(Chain& chain, SOCKET s, const SocketState& state, const IpAddress& address) noexcept {
    const std::uint16_t port = take_port(s, state);
    int error = lower::bind(chain, s, make_socket_address(address, state.family, port));
    // Somebody was faster in the moment since the port was freed. A connect tells the port anew.
    if (port != 0 && (error == WSAEADDRINUSE || error == WSAEACCES)) {
        error = lower::bind(chain, s, make_socket_address(address, state.family));
    }
    return error;
}

bool mark_bound(SOCKET s, SocketState& state, SocketState bound) noexcept {
    if (Note* const note = find_note(s, state); note != nullptr && note->is_kept()) {
        drop_reservation(*note);
        return change_state(s, state, bound);
    }
    if (state.noted) drop_note(s);
    bound.noted = false;
    return change_state(s, state, bound);
}

bool change_state(SOCKET s, SocketState& state, SocketState changed) noexcept {
    SocketState expected = state;
    if (!sockets.exchange(s, expected, changed)) return false;
    state = changed;
    return true;
}

void mark_implicit_bind(SOCKET s, const SocketState& state) noexcept {
    if (state.kind != SocketKind::unbound) return;
    update_state(s, [](SocketState& now) {
        if (now.kind == SocketKind::unbound) now.kind = SocketKind::wildcard;
    });
}

void mark_connected(SOCKET s, bool connected) noexcept {
    update_state(s, [connected](SocketState& now) {
        if (now.type != SocketType::stream) now.connected = connected;
    });
}

void mark_unchecked(SOCKET s, SocketState& state) noexcept {
    update_state(s, [](SocketState& now) { now.unchecked = true; });
    state.unchecked = true;
}

void mark_checked(SOCKET s) noexcept {
    update_state(s, [](SocketState& now) { now.unchecked = false; });
}

void mark_binds_at_once(SOCKET s) noexcept {
    update_state(s, [](SocketState& now) {
        if (now.kind == SocketKind::unbound) now.binds_at_once = true;
    });
}

}  // namespace lsp::provider
