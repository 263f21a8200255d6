#include "../action.hpp"
#include "../check.hpp"
#include "../control_data.hpp"
#include "../guarded_copy.hpp"
#include "../inlining.hpp"
#include "../lower.hpp"
#include "../policy_cache.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// Whether the socket's datagrams may go elsewhere than its state says: those of one that serves many destinations, of
// one that is pinned to the interface of the destination to which it is connected; and all, where some rule can refuse.
bool is_decided(const SocketState& state) noexcept {
    if (state.type != SocketType::datagram && state.type != SocketType::raw) return false;
    switch (state.kind) {
        case SocketKind::unbound:
        case SocketKind::deferred:
        case SocketKind::wildcard: return true;
        case SocketKind::ours:
            if (state.pinned) return true;
            [[fallthrough]];
        case SocketKind::explicit_: refresh_policy(); return policy_enforces();
        case SocketKind::unknown: return false;
    }
    return false;
}

// The source in the IP header that the program has written (RFC 791, RFC 8200); none if it lies in several buffers.
LSP_APART IpAddress header_source(const SocketState& state, const Datagram& datagram) noexcept {
    const bool ipv6 = state.family == Family::ipv6;
    const std::size_t offset = ipv6 ? 8 : 12;
    const std::size_t length = ipv6 ? 16 : 4;
    WSABUF first{};
    std::uint8_t bytes[16];
    if (datagram.buffer_count == 0 || !guarded_read(first, datagram.buffers) || first.len < offset + length ||
        !guarded_copy(bytes, first.buf + offset, length)) {
        return {};
    }
    const IpAddress source = ipv6 ? IpAddress::v6(bytes) : IpAddress::v4(bytes);
    return source.is_unspecified() ? IpAddress{} : source;
}

// Where destinations that are kept and such that are not take turns, each change would cost the trial of the other way
// and a write that the socket's other threads wait for. So back to the trial only in one of sixteen ticks.
void mark_ruled(SOCKET s, SocketState& state, const Flow& flow) noexcept {
    const bool ruled = flow.decision.verdict != Verdict::keep;
    if (state.kind != SocketKind::wildcard || state.ruled == ruled || (!ruled && flow.tick % 16 != 0)) return;
    SocketState changed = state;
    changed.ruled = ruled;
    change_state(s, state, changed);
}

// What both ways to send have in common: decide for this datagram and carry it out.
Next decide_datagram(Chain& chain, SOCKET s, SocketState& state, const Datagram& datagram, int& error) noexcept {
    if (state.unchecked && datagram.to == nullptr) {
        error = check(chain, s, state);
        return error == 0 ? Next::lower_call : Next::done;
    }
    Flow flow;
    if (!is_decided(state) || datagram.to == nullptr ||
        !read_endpoint(datagram.to, datagram.to_length, state.family, flow.destination)) {
        error = settle(chain, s, state);
        return error == 0 ? Next::lower_call : Next::done;
    }
    Choice named;
    const bool names_source = has_packet_info(datagram.control, named.address, named.interface_index);
    const bool own_choice = names_source || has_own_choice(state);
    decide_flow(state, flow, own_choice);
    Next next = Next::lower_call;
    if (own_choice) {
        if (flow.decided && !names_source) named = choice_of(chain, s, state, flow.destination.address);
        if (flow.decided && names_source) named.by_interface = named.interface_index != 0;
        if (state.header_included && !names_source) named.address = header_source(state, datagram);
        error = judge(chain, s, state, flow, named);
        if (error != 0) next = Next::done;
    } else {
        next = send_datagram(chain, s, state, flow, datagram, error);
        mark_ruled(s, state, flow);
    }
    record(flow, error == WSA_IO_PENDING ? 0 : error);
    return next;
}

}  // namespace

LSP_FLAT int send_to(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                     const sockaddr* to, int to_length, LPWSAOVERLAPPED overlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    SocketState state = state_of(chain, s);
    const Datagram datagram{buffers, buffer_count, {}, flags, 0, to, to_length, sent, overlapped, completion};
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

int send(Chain& chain, SOCKET s, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
         LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread, LPINT error) {
    SocketState state = sockets.get(s);
    if (const int refused = check(chain, s, state); refused != 0) {
        *error = refused;
        return SOCKET_ERROR;
    }
    return chain.lower.lpWSPSend(s, buffers, buffer_count, sent, flags, overlapped, completion, thread, error);
}

int send_msg(Chain& asked, SOCKET s, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE completion) {
    SocketState state = state_of(asked, s);
    Chain& chain = chain_of(asked, state);
    const LPFN_WSASENDMSG lower = lower::send_msg(chain, s);
    WSAMSG copy{};
    if (!guarded_read(copy, message)) copy = {};
    const Datagram datagram{copy.lpBuffers, copy.dwBufferCount, copy.Control, flags,      copy.dwFlags,
                            copy.name,      copy.namelen,       sent,         overlapped, completion};
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
