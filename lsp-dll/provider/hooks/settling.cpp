#include <algorithm>

#include "../check.hpp"
#include "../deferred.hpp"
#include "../guarded_copy.hpp"
#include "../lower.hpp"
#include "../policy_cache.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

bool settled(Chain& chain, SOCKET s, LPINT error) noexcept {
    SocketState state = sockets.get(s);
    const int failed = state.unchecked ? check(chain, s, state) : settle(chain, s, state);
    if (failed != 0) *error = failed;
    return failed == 0;
}

// The sockets of a set, which select changes: a look before the lower call. Of a set that cannot be read, and of a
// socket that cannot be bound, the lower provider will say so.
// True if one of them is a stream with a note, so perhaps on its way to a proxy.
bool settle_set(Chain& chain, const fd_set* set) noexcept {
    bool noted = false;
    u_int count = 0;
    if (set == nullptr || !guarded_read(count, &set->fd_count)) return noted;
    for (u_int begin = 0; begin < count;) {
        SOCKET some[FD_SETSIZE];
        const u_int length = std::min<u_int>(count - begin, FD_SETSIZE);
        if (!guarded_copy(some, set->fd_array + begin, length * sizeof(SOCKET))) return noted;
        for (u_int i = 0; i < length; ++i) {
            SocketState state = sockets.get(some[i]);
            noted = noted || (state.noted && state.type == SocketType::stream);
            if (state.kind != SocketKind::deferred || state.type != SocketType::datagram) continue;
            settle(chain_of(chain, state), some[i], state);
        }
        begin += length;
    }
    return noted;
}

}  // namespace

int listen(Chain& chain, SOCKET s, int backlog, LPINT error) {
    return settled(chain, s, error) ? chain.lower.lpWSPListen(s, backlog, error) : SOCKET_ERROR;
}

int get_socket_name(Chain& chain, SOCKET s, sockaddr* name, LPINT name_length, LPINT error) {
    // Java's channels ask before they connect. The helper's name is what a bind would have given by now.
    SocketState state = sockets.get(s);
    if (const SOCKET helper = reserve_port(chain, s, state); helper != INVALID_SOCKET) {
        return chain.lower.lpWSPGetSockName(helper, name, name_length, error);
    }
    return settled(chain, s, error) ? chain.lower.lpWSPGetSockName(s, name, name_length, error) : SOCKET_ERROR;
}

int receive(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD received, LPDWORD flags,
            LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread,
            LPINT error) {
    if (!settled(chain, s, error)) return SOCKET_ERROR;
    return chain.lower.lpWSPRecv(s, buffers, buffer_count, received, flags, overlapped, completion, thread, error);
}

int receive_from(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD received, LPDWORD flags,
                 sockaddr* from, LPINT from_length, LPWSAOVERLAPPED overlapped,
                 LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    if (!settled(chain, s, error)) return SOCKET_ERROR;
    return chain.lower.lpWSPRecvFrom(s, buffers, buffer_count, received, flags, from, from_length, overlapped,
                                     completion, thread, error);
}

int receive_msg(Chain& asked, SOCKET s, LPWSAMSG message, LPDWORD received, LPWSAOVERLAPPED overlapped,
                LPWSAOVERLAPPED_COMPLETION_ROUTINE completion) {
    SocketState state = sockets.get(s);
    Chain& chain = chain_of(asked, state);
    if (const int failed = settle(chain, s, state); failed != 0) {
        WSASetLastError(failed);
        return SOCKET_ERROR;
    }
    return lower::recv_msg(chain, asked, s)(s, message, received, overlapped, completion);
}

int select(Chain& chain, int count, fd_set* read, fd_set* write, fd_set* except, const timeval* timeout, LPINT error) {
    bool noted = false;
    for (const fd_set* const set : {read, write, except}) noted = settle_set(chain, set) || noted;
    int result = 0;
    if (noted && policy_leads() && select_among_led(chain, count, read, write, except, timeout, error, result))
        return result;
    // MinGW-w64 declares the timeout without the const that the SPI has.
    return chain.lower.lpWSPSelect(count, read, write, except, const_cast<timeval*>(timeout), error);
}

int event_select(Chain& chain, SOCKET s, WSAEVENT event, long events, LPINT error) {
    if (chain.type == SocketType::stream) return event_select_stream(chain, s, event, events, error);
    mark_binds_at_once(s);  // FD_WRITE comes with a datagram socket's bind
    return settled(chain, s, error) ? chain.lower.lpWSPEventSelect(s, event, events, error) : SOCKET_ERROR;
}

int async_select(Chain& chain, SOCKET s, HWND window, unsigned message, long events, LPINT error) {
    if (chain.type == SocketType::stream) return async_select_stream(chain, s, window, message, events, error);
    mark_binds_at_once(s);  // FD_WRITE comes with a datagram socket's bind
    return settled(chain, s, error) ? chain.lower.lpWSPAsyncSelect(s, window, message, events, error) : SOCKET_ERROR;
}

}  // namespace lsp::provider::hooks
