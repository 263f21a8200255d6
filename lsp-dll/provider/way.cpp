#include "way.hpp"

#include <algorithm>

#include "../system/host_addresses.hpp"
#include "action_steps.hpp"
#include "inlining.hpp"
#include "lower.hpp"
#include "policy_cache.hpp"

namespace lsp::provider {

namespace {

int pin_wildcard(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const Decision& decision = flow.decision;
    if (lower::pin(chain, s, decision.source.family, decision.pin_interface) != 0) {
        return apply_otherwise(chain, s, state, flow, refused_error, Counter::source_unavailable);
    }
    SocketState pinned = state;
    pinned.pinned = true;
    pinned.unchecked = decision.otherwise == Otherwise::refuse;
    change_state(s, state, pinned);
    return 0;
}

// A socket that we bound for an earlier destination: right if that address is this interface's, too.
int go_again(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    const Decision& decision = flow.decision;
    Endpoint local;
    if (lower::local_endpoint(chain, s, state.family, local) != 0) return 0;  // the lower call will say what is wrong
    const IpAddress bound_to = local.address.unmapped();
    const bool fits = bound_to == decision.source;
    Endpoint peer;
    if (!fits && state.type == SocketType::stream && lower::peer_endpoint(chain, s, state.family, peer) == 0) {
        return 0;  // it is connected, and the lower call will say so
    }
    SocketState pinned = state;
    if (fits || state.pinned) {
        const std::uint32_t wanted = fits ? decision.pin_interface : 0;
        const bool there = state.pinned && lower::pinned_to(chain, s, bound_to.family) == wanted;
        const int error = there ? 0 : lower::pin(chain, s, bound_to.family, wanted);
        pinned.pinned = error == 0 || state.pinned;
        change_state(s, state, pinned);
        if (fits && error == 0) return 0;
    }
    return apply_otherwise(chain, s, state, flow, refused_error,
                           fits ? Counter::source_unavailable : Counter::already_bound);
}

// Most sockets leave from the address that the rules name; the host is asked only for its others.
bool is_address_of(std::uint32_t interface_index, const IpAddress& address) noexcept {
    {
        const PolicyReader reader;
        const PolicySnapshot* const snapshot = reader.get();
        if (snapshot != nullptr &&
            std::any_of(snapshot->policy.rules.begin(), snapshot->policy.rules.end(), [&](const Rule& rule) {
                return rule.verdict == Verdict::through && rule.interface_name.index == interface_index &&
                       (rule.source == address || rule.source6 == address);
            })) {
            return true;
        }
    }
    system::HostAddresses host;
    if (host.read() != 0) return false;
    const auto all = host.all();
    return std::any_of(all.begin(), all.end(), [&](const system::HostAddress& entry) {
        return entry.interface_index == interface_index && entry.address.address == address;
    });
}

void end_connection(Chain& chain, SOCKET s, const SocketState& state) noexcept {
    if (state.type == SocketType::stream) return lower::shut_down(chain, s);
    // Zeros for an address take the default destination away.
    const SocketAddress nowhere = wildcard_address(state.family);
    int ignored = 0;
    chain.lower.lpWSPConnect(s, &nowhere.any, nowhere.length, nullptr, nullptr, nullptr, nullptr, &ignored);
}

}  // namespace

bool through_is_met(const Decision& decision, const Choice& chosen) noexcept {
    if (chosen.by_interface) {
        return chosen.interface_index == decision.pin_interface &&
               (!chosen.address || chosen.address == decision.source);
    }
    return chosen.address == decision.source;
}

LSP_APART int prepare_through(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept {
    switch (state.kind) {
        case SocketKind::unbound:
        case SocketKind::deferred: return bind_source_or_otherwise(chain, s, state, flow);
        case SocketKind::wildcard: return pin_wildcard(chain, s, state, flow);
        case SocketKind::ours: return go_again(chain, s, state, flow);
        case SocketKind::explicit_:
        case SocketKind::unknown: return 0;
    }
    return 0;
}

LSP_APART void leave_way(Chain& chain, SOCKET s, SocketState& state, const Flow& flow) noexcept {
    if (flow.decision.verdict == Verdict::through || state.connected) return;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        if (family == Family::ipv4 || state.family == Family::ipv6) lower::pin(chain, s, family, 0);
    }
    SocketState free = state;
    free.pinned = false;
    free.unchecked = false;
    change_state(s, state, free);
}

LSP_APART int check_way(Chain& chain, SOCKET s, SocketState& state) noexcept {
    const IpAddress local = bound_address(chain, s, state);
    if (!local) return 0;
    const std::uint32_t interface_index = lower::pinned_to(chain, s, local.family);
    const bool right = interface_index != 0 && is_address_of(interface_index, local);
    SocketState checked = state;
    checked.unchecked = false;
    change_state(s, state, checked);
    if (right) return 0;
    end_connection(chain, s, state);
    count(Counter::source_unavailable);
    count(Counter::refused);
    return refused_error;
}

}  // namespace lsp::provider
