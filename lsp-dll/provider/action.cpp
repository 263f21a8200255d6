#include "action.hpp"

#include "action_steps.hpp"
#include "control_data.hpp"
#include "inlining.hpp"
#include "leading.hpp"
#include "lower.hpp"
#include "way.hpp"

namespace lsp::provider {

LSP_APART int apply_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow, int error, Counter why) noexcept {
    count(why);
    if (flow.decision.otherwise == Otherwise::keep) {
        flow.result = DecisionResult::otherwise_keep;
        return settle(chain, s, state);
    }
    flow.result = DecisionResult::otherwise_refuse;
    count(Counter::refused);
    return error;
}

namespace {

using Prepare = int(Chain&, SOCKET, SocketState&, Flow&) noexcept;
// Whether what the program chose is what the rule wants.
using IsMet = bool(const Decision&, const Choice& chosen) noexcept;
using Send = Next(Chain&, SOCKET, SocketState&, Flow&, const Datagram&, int& error) noexcept;

// A socket that we bound for an earlier destination connects again. It cannot be bound again, but the interface that it
// was pinned to was the earlier destination's.
int use_again(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const Decision& decision = flow.decision;
    Endpoint local;
    if (lower::local_endpoint(chain, s, state.family, local) != 0) return 0;  // the lower call will say what is wrong
    const IpAddress bound_to = local.address.unmapped();
    const std::uint32_t wanted = decision.verdict == Verdict::source ? decision.pin_interface : 0;
    if (state.pinned || wanted != 0) {
        SocketState pinned = state;
        pinned.pinned = lower::pin(chain, s, bound_to.family, wanted) == 0 || state.pinned;
        change_state(s, state, pinned);
    }
    if (decision.verdict == Verdict::keep || bound_to == decision.source) return 0;
    return apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
}

int bind_source(Chain& chain, SOCKET s, SocketState& state, const Decision& decision) noexcept {
    const Family family = decision.source.family;
    const bool shared = state.type == SocketType::stream && lower::share_port(chain, s);
    bool pinned = false;
    int error = 0;
    if (decision.pin_interface != 0) {
        error = lower::pin(chain, s, family, decision.pin_interface);
        pinned = error == 0;
        // NT 5 has neither the option nor the strong host model that makes it needed. A way is not to be had there.
        if (error == WSAENOPROTOOPT) error = decision.verdict == Verdict::through ? refused_error : 0;
    }
    if (error == 0) error = bind_below(chain, s, state, decision.source);
    if (error != 0) {
        // Another thread of the program has been faster: the options are for its source too.
        if (sockets.get(s).kind == SocketKind::ours) return error;
        if (pinned) lower::pin(chain, s, family, 0);
        if (shared) lower::unshare_port(chain, s);
        return error;
    }
    SocketState bound = state;
    bound.kind = SocketKind::ours;
    bound.pinned = pinned;
    mark_bound(s, state, bound);
    count(Counter::bound_source);
    return 0;
}

}  // namespace

int bind_source_or_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const int error = bind_source(chain, s, state, flow.decision);
    if (error == 0) return 0;
    // WSAEINVAL: bound behind our back, or by another thread of the program in this moment.
    return error == WSAEINVAL ? apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound)
                              : apply_otherwise(chain, s, state, flow, error, Counter::source_unavailable);
}

namespace {

LSP_APART int prepare_keep(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    return state.kind == SocketKind::ours ? use_again(chain, s, state, flow) : settle(chain, s, state);
}

LSP_APART int prepare_source(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    switch (state.kind) {
        case SocketKind::unbound:
        case SocketKind::deferred: return bind_source_or_otherwise(chain, s, state, flow);
        case SocketKind::wildcard: return apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
        case SocketKind::ours: return use_again(chain, s, state, flow);
        case SocketKind::explicit_:
        case SocketKind::unknown: return 0;
    }
    return 0;
}

int refuse(Chain&, SOCKET, SocketState&, Flow&) noexcept {
    count(Counter::refused);
    return refused_error;
}

// Where the datagram cannot be sent as the rule wants it.
Next send_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow, int& error, Counter why) noexcept {
    error = apply_otherwise(chain, s, state, flow, error, why);
    return error == 0 ? Next::lower_call : Next::done;
}

// Errors that sendto in the program's own form would not have given, as far as that can be told: of a source that the
// system does not take, of a form of the call that it does not know, and, where the datagram is pinned to an interface,
// of that interface having no way there.
bool is_of_our_form(int error, const Decision& decision) noexcept {
    switch (error) {
        case WSAEADDRNOTAVAIL:
        case WSAEINVAL:
        case WSAEOPNOTSUPP:
        case WSAENOPROTOOPT:
        case WSAEAFNOSUPPORT: return true;
        case WSAENETUNREACH:
        case WSAEHOSTUNREACH: return decision.pin_interface != 0;
        default: return false;
    }
}

Next send_with(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram, const WSABUF& control,
               int& error) noexcept {
    WSAMSG message{};
    message.name = const_cast<sockaddr*>(datagram.to);
    message.namelen = datagram.to_length;
    message.lpBuffers = datagram.buffers;
    message.dwBufferCount = datagram.buffer_count;
    message.Control = control;
    message.dwFlags = datagram.message_flags;
    const LPFN_WSASENDMSG send = lower::send_msg(chain, s);
    const int result = send(s, &message, datagram.flags, datagram.sent, datagram.overlapped, datagram.completion);
    error = result == 0 ? 0 : WSAGetLastError();
    if (error == 0 || error == WSA_IO_PENDING) {
        count(Counter::sent_from_source);
        return Next::done;
    }
    if (!is_of_our_form(error, flow.decision)) return Next::done;
    return send_otherwise(chain, s, state, flow, error, Counter::source_unavailable);
}

// What the program adds to the datagram is kept: QUIC stacks mark every one.
LSP_APART Next send_merged(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram,
                           const WSABUF& control, int& error) noexcept {
    MergedControlData merged(datagram.control, control, datagram.overlapped);
    if (merged.get() == nullptr) {
        error = refused_error;
        return send_otherwise(chain, s, state, flow, error, Counter::control_data_unmerged);
    }
    const Next next = send_with(chain, s, state, flow, datagram, *merged.get(), error);
    if (error == WSA_IO_PENDING) merged.keep();
    return next;
}

// With the source as control data, so that the socket goes on serving other networks too.
LSP_FLAT Next send_from_source(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram,
                               int& error) noexcept {
    const Decision& decision = flow.decision;
    error = refused_error;
    // By its connect the system has chosen the address at which the socket receives: answers to another would be lost.
    if (state.connected) return send_otherwise(chain, s, state, flow, error, Counter::already_connected);
    const LPFN_WSASENDMSG send = lower::send_msg(chain, s);
    const WSABUF* const control =
        send != nullptr ? source_control_data(decision.source, decision.pin_interface) : nullptr;
    if (control == nullptr) {
        error = prepare(chain, s, state, flow);
        return error == 0 ? Next::lower_call : Next::done;
    }
    // WSASendMsg, unlike sendto, may refuse a socket that is not bound.
    error = bind_wildcard(chain, s, state);
    if (error != 0) return Next::done;
    return has_control_data(datagram.control) ? send_merged(chain, s, state, flow, datagram, *control, error)
                                              : send_with(chain, s, state, flow, datagram, *control, error);
}

bool keep_is_met(const Decision&, const Choice&) noexcept { return true; }
bool source_is_met(const Decision& decision, const Choice& chosen) noexcept {
    return chosen.address == decision.source;
}
bool refuse_is_met(const Decision&, const Choice&) noexcept { return false; }

struct Action {
    IsMet* is_met;
    Prepare* prepare;
    Send* send;  // null: a datagram is prepared as a connect is, and goes on in the program's own form
};

// By verdict.
constexpr Action actions[] = {
    {keep_is_met, prepare_keep, nullptr},                 // keep
    {source_is_met, prepare_source, send_from_source},    // source
    {refuse_is_met, refuse, nullptr},                     // refuse
    {through_is_met, prepare_through, send_from_source},  // through
    {refuse_is_met, prepare_to_lead, nullptr},            // socks5
};

const Action& action_of(const Flow& flow) noexcept { return actions[static_cast<std::size_t>(flow.decision.verdict)]; }

// Sockets whose datagrams are decided one by one. Windows takes packet information on raw sockets too (IN_PKTINFO).
bool serves_many(const SocketState& state) noexcept {
    return state.kind == SocketKind::unbound || state.kind == SocketKind::deferred ||
           state.kind == SocketKind::wildcard;
}

}  // namespace

LSP_APART int judge(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Choice& chosen) noexcept {
    const Decision& decision = flow.decision;
    const bool refused = flow.decided && !action_of(flow).is_met(decision, chosen) &&
                         (decision.verdict == Verdict::refuse || decision.otherwise == Otherwise::refuse);
    if (!refused) {
        flow.decided = false;  // the rule had no say, so it is not told of as one that had
        return settle(chain, s, state);
    }
    if (decision.verdict != Verdict::refuse) flow.result = DecisionResult::otherwise_refuse;
    count(Counter::decided_refuse);
    count(Counter::refused);
    return refused_error;
}

int prepare(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    if (state.kind == SocketKind::wildcard && state.pinned) leave_way(chain, s, state, flow);
    return action_of(flow).prepare(chain, s, state, flow);
}

Next send_datagram(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram,
                   int& error) noexcept {
    const Action& action = action_of(flow);
    if (state.kind == SocketKind::wildcard && state.pinned) leave_way(chain, s, state, flow);
    if (action.send != nullptr && serves_many(state)) return action.send(chain, s, state, flow, datagram, error);
    error = action.prepare(chain, s, state, flow);
    // The pin is this destination's now; the datagrams that name none are for the other.
    if (state.pinned && state.connected) mark_unchecked(s, state);
    return error == 0 ? Next::lower_call : Next::done;
}

}  // namespace lsp::provider
