#include "control_data.hpp"
#include "flow.hpp"
#include "guarded_copy.hpp"
#include "hooks.hpp"
#include "telemetry.hpp"

namespace lsp::provider::hooks {

namespace {

// A datagram as either call describes it.
struct Datagram {
    WSABUF* buffers;
    DWORD buffer_count;
    DWORD flags;
    const sockaddr* to;
    int to_length;
    LPDWORD sent;
    LPWSAOVERLAPPED overlapped;
    LPWSAOVERLAPPED_COMPLETION_ROUTINE completion;
};

enum class Next { lower_call, done };

// Sends the datagram with its source as control data; the socket stays bound to the wildcard and serves other networks
// too. `lower_call`: the program's own call goes on, because the source cannot be used and the rule says keep, or
// because the socket was bound to the source instead.
Next send_from_source(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram, int& result,
                      int& error) noexcept {
    const Decision& decision = flow.decision;
    result = SOCKET_ERROR;
    // By its connect the system has chosen the address at which the socket receives: answers to another would be lost.
    if (state.connected) {
        error = apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
        return error == 0 ? Next::lower_call : Next::done;
    }
    const LPFN_WSASENDMSG send = lower_send_msg(chain, s);
    const WSABUF* const control =
        send != nullptr ? source_control_data(decision.source, decision.pin_interface) : nullptr;
    if (control == nullptr) {
        error = prepare(chain, s, state, flow);
        return error == 0 ? Next::lower_call : Next::done;
    }
    // WSASendMsg, unlike sendto, may refuse a socket that is not bound.
    error = bind_wildcard(chain, s, state);
    if (error != 0) return Next::done;

    WSAMSG message{};
    message.name = const_cast<sockaddr*>(datagram.to);
    message.namelen = datagram.to_length;
    message.lpBuffers = datagram.buffers;
    message.dwBufferCount = datagram.buffer_count;
    message.Control = *control;
    result = send(s, &message, datagram.flags, datagram.sent, datagram.overlapped, datagram.completion);
    error = result == 0 ? 0 : WSAGetLastError();
    if (result == 0 || error == WSA_IO_PENDING) {
        count(Counter::sent_from_source);
        return Next::done;
    }
    if (error != WSAEADDRNOTAVAIL) return Next::done;
    error = apply_otherwise(chain, s, state, flow, error, Counter::source_unavailable);
    return error == 0 ? Next::lower_call : Next::done;
}

// Sockets whose datagrams are decided one by one. Windows takes packet information on raw sockets too (IN_PKTINFO).
bool decides_each(const SocketState& state) {
    return (state.type == SocketType::datagram || state.type == SocketType::raw) &&
           (state.kind == SocketKind::unbound || state.kind == SocketKind::deferred ||
            state.kind == SocketKind::wildcard);
}

// Connected to a destination through the interface that it is pinned to. What it sends elsewhere must not be.
bool is_pinned(const SocketState& state) { return state.kind == SocketKind::ours && state.pinned; }

}  // namespace

int send_to(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags, const sockaddr* to,
            int to_length, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion,
            LPWSATHREADID thread, LPINT error) {
    SocketState state = state_of(chain, s);
    Endpoint destination;
    int failed = 0;
    const bool each = decides_each(state);
    if ((each || is_pinned(state)) && to != nullptr && read_endpoint(to, to_length, state.family, destination)) {
        Flow flow = decide_flow(state, destination);
        if (each && flow.decision.verdict == Verdict::source) {
            int result = 0;
            const Datagram datagram{buffers, buffer_count, flags, to, to_length, sent, overlapped, completion};
            const Next next = send_from_source(chain, s, state, flow, datagram, result, failed);
            record(flow, failed == WSA_IO_PENDING ? 0 : failed);
            if (next == Next::done) {
                if (result != 0) *error = failed;
                return result;
            }
        } else {
            failed = prepare(chain, s, state, flow);
            record(flow, failed);
        }
    } else {
        failed = settle(chain, s, state);
    }
    if (failed != 0) {
        *error = failed;
        return SOCKET_ERROR;
    }
    const int result = chain.lower.lpWSPSendTo(s, buffers, buffer_count, sent, flags, to, to_length, overlapped,
                                               completion, thread, error);
    if (result == 0 || *error == WSA_IO_PENDING) note_implicit_bind(s, state);
    return result;
}

int send_msg(Chain& chain, SOCKET s, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE completion) {
    SocketState state = state_of(chain, s);
    const LPFN_WSASENDMSG lower = lower_send_msg(chain, s);
    WSAMSG copy{};
    Endpoint destination;
    int failed = 0;
    const bool each = decides_each(state);
    if ((each || is_pinned(state)) && guarded_read(copy, message) && copy.name != nullptr &&
        read_endpoint(copy.name, copy.namelen, state.family, destination) && !has_packet_info(copy.Control)) {
        Flow flow = decide_flow(state, destination);
        if (!each || flow.decision.verdict != Verdict::source) {
            failed = prepare(chain, s, state, flow);
            record(flow, failed);
        } else if (has_control_data(copy.Control)) {
            // Ours would have to be merged into memory that outlives an overlapped send, and a program's own control
            // data is never touched.
            failed = apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
            record(flow, failed);
        } else {
            int result = 0;
            const Datagram datagram{copy.lpBuffers, copy.dwBufferCount, flags | copy.dwFlags,
                                    copy.name,      copy.namelen,       sent,
                                    overlapped,     completion};
            const Next next = send_from_source(chain, s, state, flow, datagram, result, failed);
            record(flow, failed == WSA_IO_PENDING ? 0 : failed);
            if (next == Next::done) {
                if (result != 0) WSASetLastError(failed);
                return result;
            }
        }
    } else {
        failed = settle(chain, s, state);
    }
    if (failed == 0 && lower == nullptr) failed = WSAEOPNOTSUPP;
    if (failed != 0) {
        WSASetLastError(failed);
        return SOCKET_ERROR;
    }
    const int result = lower(s, message, flags, sent, overlapped, completion);
    const int lower_error = result == 0 ? 0 : WSAGetLastError();
    if (result == 0 || lower_error == WSA_IO_PENDING) note_implicit_bind(s, state);
    if (result != 0) WSASetLastError(lower_error);
    return result;
}

}  // namespace lsp::provider::hooks
