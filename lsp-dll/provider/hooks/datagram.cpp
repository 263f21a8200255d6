#include "../action.hpp"
#include "../control_data.hpp"
#include "../guarded_copy.hpp"
#include "../lower.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// Whether the socket's datagrams may go elsewhere than its state says: those of one that serves many destinations, and
// of one that is pinned to the interface of the destination to which it is connected.
bool is_decided(const SocketState& state) noexcept {
    if (state.type != SocketType::datagram && state.type != SocketType::raw) return false;
    switch (state.kind) {
        case SocketKind::unbound:
        case SocketKind::deferred:
        case SocketKind::wildcard: return true;
        case SocketKind::ours: return state.pinned;
        case SocketKind::explicit_:
        case SocketKind::unknown: return false;
    }
    return false;
}

// What both ways to send have in common: decide for this datagram and carry it out.
Next decide_datagram(Chain& chain, SOCKET s, SocketState& state, const Datagram& datagram, int& error) noexcept {
    Endpoint destination;
    if (!is_decided(state) || datagram.to == nullptr ||
        !read_endpoint(datagram.to, datagram.to_length, state.family, destination) ||
        has_packet_info(datagram.control)) {
        error = settle(chain, s, state);
        return error == 0 ? Next::lower_call : Next::done;
    }
    Flow flow = decide_flow(state, destination);
    const Next next = send_datagram(chain, s, state, flow, datagram, error);
    record(flow, error == WSA_IO_PENDING ? 0 : error);
    return next;
}

}  // namespace

int send_to(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags, const sockaddr* to,
            int to_length, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion,
            LPWSATHREADID thread, LPINT error) {
    SocketState state = state_of(chain, s);
    const Datagram datagram{buffers, buffer_count, {}, flags, to, to_length, sent, overlapped, completion};
    int decided = 0;
    if (decide_datagram(chain, s, state, datagram, decided) == Next::done) {
        if (decided == 0) return 0;
        *error = decided;
        return SOCKET_ERROR;
    }
    const int result = chain.lower.lpWSPSendTo(s, buffers, buffer_count, sent, flags, to, to_length, overlapped,
                                               completion, thread, error);
    if (result == 0 || *error == WSA_IO_PENDING) mark_implicit_bind(s, state);
    return result;
}

int send_msg(Chain& chain, SOCKET s, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE completion) {
    SocketState state = state_of(chain, s);
    const LPFN_WSASENDMSG lower = lower::send_msg(chain, s);
    WSAMSG copy{};
    if (!guarded_read(copy, message)) copy = {};
    const Datagram datagram{copy.lpBuffers, copy.dwBufferCount, copy.Control, flags | copy.dwFlags,
                            copy.name,      copy.namelen,       sent,         overlapped,
                            completion};
    int error = 0;
    Next next = decide_datagram(chain, s, state, datagram, error);
    if (next == Next::lower_call && lower == nullptr) {
        error = WSAEOPNOTSUPP;
        next = Next::done;
    }
    if (next == Next::done) {
        if (error == 0) return 0;
        WSASetLastError(error);
        return SOCKET_ERROR;
    }
    const int result = lower(s, message, flags, sent, overlapped, completion);
    const int lower_error = result == 0 ? 0 : WSAGetLastError();
    if (result == 0 || lower_error == WSA_IO_PENDING) mark_implicit_bind(s, state);
    if (result != 0) WSASetLastError(lower_error);
    return result;
}

}  // namespace lsp::provider::hooks
