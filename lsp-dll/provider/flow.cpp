#include "flow.hpp"

#include "../system/winsock_constants.hpp"
#include "policy_cache.hpp"
#include "route_cache.hpp"

namespace lsp::provider {

namespace {

Protocol protocol_of(SocketType type) {
    switch (type) {
        case SocketType::stream: return Protocol::tcp;
        case SocketType::datagram: return Protocol::udp;
        default: return Protocol::raw;
    }
}

int lower_bind(Chain& chain, SOCKET s, const SocketAddress& address) noexcept {
    int error = 0;
    return chain.lower.lpWSPBind(s, &address.any, address.length, &error) == 0 ? 0 : error;
}

int lower_option(Chain& chain, SOCKET s, int level, int name, DWORD value) noexcept {
    int error = 0;
    const char* const bytes = reinterpret_cast<const char*>(&value);
    return chain.lower.lpWSPSetSockOpt(s, level, name, bytes, sizeof(value), &error) == 0 ? 0 : error;
}

// Ephemeral ports of sockets bound to an address are scarce, because each is taken for all destinations at once; with
// this option (Windows 10, Server 2016) the port is chosen at connect and shared between destinations. True if it was
// set.
bool share_port(Chain& chain, SOCKET s) noexcept {
    static std::atomic<bool> absent{false};
    if (absent.load(std::memory_order_relaxed)) return false;
    const int error = lower_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 1);
    if (error == WSAENOPROTOOPT) absent.store(true, std::memory_order_relaxed);
    return error == 0;
}

// IP_UNICAST_IF takes the index in network byte order, IPV6_UNICAST_IF in the host's. On an IPv6 socket the source's
// family says which of them the traffic will obey.
int pin(Chain& chain, SOCKET s, const IpAddress& source, std::uint32_t interface_index) noexcept {
    return source.family == Family::ipv4 ? lower_option(chain, s, IPPROTO_IP, IP_UNICAST_IF, htonl(interface_index))
                                         : lower_option(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF, interface_index);
}

int bind_source(Chain& chain, SOCKET s, SocketState& state, const Decision& decision) noexcept {
    const bool shared = state.type == SocketType::stream && share_port(chain, s);
    bool pinned = false;
    int error = 0;
    if (decision.pin_interface != 0) {
        error = pin(chain, s, decision.source, decision.pin_interface);
        pinned = error == 0;
        // NT 5 has neither the option nor the strong host model that makes it needed.
        if (error == WSAENOPROTOOPT) error = 0;
    }
    if (error == 0) error = lower_bind(chain, s, make_socket_address(decision.source, state.family));
    if (error != 0) {
        // Another thread of the program has been faster: the options are for its source too.
        if (sockets.get(s).kind == SocketKind::ours) return error;
        if (pinned) pin(chain, s, decision.source, 0);
        if (shared) lower_option(chain, s, SOL_SOCKET, SO_REUSE_UNICASTPORT, 0);
        return error;
    }
    SocketState bound = state;
    bound.kind = SocketKind::ours;
    bound.pinned = pinned;
    SocketState expected = state;
    if (sockets.exchange(s, expected, bound)) state = bound;
    count(Counter::bound_source);
    return 0;
}

// The lower provider's getsockname; its error, WSAEINVAL for an unbound socket.
int local_endpoint(Chain& chain, SOCKET s, Family family, Endpoint& local) noexcept {
    sockaddr_storage name{};
    int length = sizeof(name);
    int error = 0;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    if (chain.lower.lpWSPGetSockName(s, address, &length, &error) != 0) return error;
    return read_endpoint(address, length, family, local) ? 0 : WSAEAFNOSUPPORT;
}

bool is_set(Chain& chain, SOCKET s, int level, int name) noexcept {
    DWORD value = 0;
    int length = sizeof(value);
    int error = 0;
    return chain.lower.lpWSPGetSockOpt(s, level, name, reinterpret_cast<char*>(&value), &length, &error) == 0 &&
           value != 0;
}

// A program may use a chain's extension function on another chain's socket.
bool is_chains_own(Chain& chain, SOCKET s) noexcept {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    int error = 0;
    return chain.lower.lpWSPGetSockOpt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length,
                                       &error) == 0 &&
           info.iAddressFamily == chain.info.iAddressFamily && info.iSocketType == chain.info.iSocketType;
}

// What the lower provider tells of a socket that somebody else made.
SocketState look_at(Chain& chain, SOCKET s) noexcept {
    SocketState state;
    if (!is_chains_own(chain, s)) return state;
    Endpoint local;
    const int error = local_endpoint(chain, s, chain.family, local);
    if (error != 0 && error != WSAEINVAL) return state;  // not a socket of the lower provider at all
    state.kind = error == WSAEINVAL               ? SocketKind::unbound
                 : local.address.is_unspecified() ? SocketKind::wildcard
                                                  : SocketKind::explicit_;
    state.type = chain.type;
    state.family = chain.family;
    const bool ipv6 = state.family == Family::ipv6;
    state.interface_chosen =
        is_set(chain, s, IPPROTO_IP, IP_UNICAST_IF) || (ipv6 && is_set(chain, s, IPPROTO_IPV6, IPV6_UNICAST_IF));
    state.header_included =
        state.type == SocketType::raw && is_set(chain, s, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, IP_HDRINCL);
    return state;
}

// A socket that we bound for an earlier destination connects again. It cannot be bound again, but the interface that it
// was pinned to was the earlier destination's.
int reuse(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const Decision& decision = flow.decision;
    Endpoint local;
    const int error = local_endpoint(chain, s, state.family, local);
    if (error != 0) return 0;  // the lower call will say what is wrong
    const IpAddress bound_to = local.address.unmapped();
    const std::uint32_t wanted = decision.verdict == Verdict::source ? decision.pin_interface : 0;
    if (state.pinned || wanted != 0) {
        SocketState pinned = state;
        pinned.pinned = pin(chain, s, bound_to, wanted) == 0 || state.pinned;
        SocketState expected = state;
        if (sockets.exchange(s, expected, pinned)) state = pinned;
    }
    if (decision.verdict == Verdict::keep || bound_to == decision.source) return 0;
    return apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
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

Flow decide_flow(const SocketState& state, const Endpoint& destination) noexcept {
    Flow flow;
    flow.destination = destination;
    IpAddress& address = flow.destination.address;
    if (address.is_v4_mapped()) address = address.unmapped();
    flow.protocol = protocol_of(state.type);
    if (state.interface_chosen || state.header_included) return flow;
    flow.tick = GetTickCount();
    const PolicyReader reader(flow.tick);
    const PolicySnapshot* const snapshot = reader.get();
    if (snapshot == nullptr) return flow;
    Decision& decision = flow.decision;
    if (!always_kept(snapshot->policy, address, decision.reason)) {
        const Route route = snapshot->index.needs_route() ? cached_route(address, flow.tick) : Route{};
        snapshot->index.decide_rules(snapshot->policy, flow.protocol, address, destination.port, route, decision);
        flow.policy_stamp = snapshot->stamp;
        flow.decided = true;
    }
    count(decision.verdict == Verdict::keep     ? Counter::decided_keep
          : decision.verdict == Verdict::source ? Counter::decided_source
                                                : Counter::decided_refuse);
    return flow;
}

int settle(Chain& chain, SOCKET s, SocketState& state) noexcept {
    return state.kind == SocketKind::deferred ? bind_wildcard(chain, s, state) : 0;
}

int bind_wildcard(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (state.kind != SocketKind::deferred && state.kind != SocketKind::unbound) return 0;
    const int error = lower_bind(chain, s, wildcard_address(state.family));
    // WSAEINVAL: another thread of the program has just done it.
    if (error != 0 && error != WSAEINVAL) return error;
    SocketState bound = state;
    bound.kind = SocketKind::wildcard;
    SocketState expected = state;
    if (sockets.exchange(s, expected, bound) && state.kind == SocketKind::deferred) count(Counter::binds_settled);
    state = bound;
    return 0;
}

int settle(Chain& chain, SOCKET s) noexcept {
    SocketState state = sockets.get(s);
    return settle(chain, s, state);
}

int prepare(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const Decision& decision = flow.decision;
    switch (decision.verdict) {
        case Verdict::keep:
            return state.kind == SocketKind::ours ? reuse(chain, s, state, flow) : settle(chain, s, state);
        case Verdict::refuse: count(Counter::refused); return refused_error;
        case Verdict::source: break;
    }
    switch (state.kind) {
        case SocketKind::unbound:
        case SocketKind::deferred: {
            const int error = bind_source(chain, s, state, decision);
            if (error == 0) return 0;
            // WSAEINVAL: bound behind our back, or by another thread of the program in this moment.
            return error == WSAEINVAL ? apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound)
                                      : apply_otherwise(chain, s, state, flow, error, Counter::source_unavailable);
        }
        case SocketKind::wildcard: return apply_otherwise(chain, s, state, flow, refused_error, Counter::already_bound);
        case SocketKind::ours: return reuse(chain, s, state, flow);
        case SocketKind::explicit_:
        case SocketKind::unknown: return 0;
    }
    return 0;
}

int apply_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow, int error, Counter why) noexcept {
    count(why);
    if (flow.decision.otherwise == Otherwise::keep) {
        flow.result = DecisionResult::otherwise_keep;
        return settle(chain, s, state);
    }
    flow.result = DecisionResult::otherwise_refuse;
    count(Counter::refused);
    return error;
}

void note_implicit_bind(SOCKET s, const SocketState& state) noexcept {
    if (state.kind != SocketKind::unbound) return;
    SocketState bound = state;
    bound.kind = SocketKind::wildcard;
    SocketState expected = state;
    sockets.exchange(s, expected, bound);
}

void note_connected(SOCKET s, bool connected) noexcept {
    SocketState state = sockets.get(s);
    if (state.kind == SocketKind::unknown || state.type == SocketType::stream || state.connected == connected) return;
    SocketState changed = state;
    changed.connected = connected;
    sockets.exchange(s, state, changed);
}

}  // namespace lsp::provider
