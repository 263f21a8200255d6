#include "deferred.hpp"

#include <ws2tcpip.h>

#include "lower.hpp"
#include "notes.hpp"
#include "socket_state.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD patience_ms = 100;

void CALLBACK settle_now(void* context, BOOLEAN) {
    auto& note = *static_cast<Note*>(context);
    DeleteTimerQueueTimer(nullptr, note.timer.load(), nullptr);
    const SOCKET s = note.socket.load(std::memory_order_acquire);
    Chain* const chain = note.chain.load();
    if (!note.timed.exchange(false)) return give_back(note);  // dropped meanwhile
    SocketState state = sockets.get(s);
    if (find_note(s, state) == &note) settle(*chain, s, state);
}

}  // namespace

SOCKET reserve_port(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (state.kind != SocketKind::deferred) return INVALID_SOCKET;
    // A handle that was closed behind our back has no name; the lower provider says so.
    Endpoint own;
    if (lower::local_endpoint(chain, s, state.family, own) != WSAEINVAL) return INVALID_SOCKET;
    Note* const note = make_note(chain, s, state);
    if (note == nullptr) return INVALID_SOCKET;
    if (const SOCKET there = note->reservation.load(); there != 0) return there;

    const SOCKET helper = lower::make_socket(chain);
    if (helper == INVALID_SOCKET) return INVALID_SOCKET;
    if (state.family == Family::ipv6) {
        // The two families share their ports on a socket of both.
        const bool only = lower::is_set(chain, s, IPPROTO_IPV6, IPV6_V6ONLY);
        lower::set_option(chain, helper, IPPROTO_IPV6, IPV6_V6ONLY, only ? 1 : 0);
    }
    Endpoint local;
    SOCKET other = 0;
    if (lower::bind(chain, helper, wildcard_address(state.family)) == 0 &&
        lower::local_endpoint(chain, helper, state.family, local) == 0) {
        if (note->reservation.compare_exchange_strong(other, helper)) {
            note->port.store(local.port, std::memory_order_relaxed);
            return helper;
        }
    } else {
        other = INVALID_SOCKET;
    }
    lower::close_socket(chain, helper);
    return other;
}

std::uint16_t take_port(SOCKET s, const SocketState& state) noexcept {
    Note* const note = find_note(s, state);
    if (note == nullptr) return 0;
    const SOCKET helper = note->reservation.exchange(0);
    if (helper != 0) lower::close_socket(*note->chain.load(), helper);
    return note->port.load(std::memory_order_relaxed);
}

int settle_soon(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (state.kind != SocketKind::deferred) return 0;
    Note* const note = make_note(chain, s, state);
    if (note == nullptr) return settle(chain, s, state);
    if (note->timed.exchange(true)) return 0;
    HANDLE timer = nullptr;
    if (CreateTimerQueueTimer(&timer, nullptr, settle_now, note, patience_ms, 0, WT_EXECUTEONLYONCE)) {
        note->timer.store(timer);
        return 0;
    }
    note->timed.store(false);
    return settle(chain, s, state);
}

}  // namespace lsp::provider
