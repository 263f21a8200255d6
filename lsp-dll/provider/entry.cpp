#include "entry.hpp"

#include <windows.h>

#include <algorithm>

#include "../core/decision_record.hpp"
#include "../system/coarse_clock.hpp"
#include "address_hash.hpp"
#include "decision_ring.hpp"
#include "inlining.hpp"
#include "lower.hpp"
#include "notes.hpp"
#include "policy_cache.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

// When a peer was last told of: once a second at most, so that a flood of them does not drown everything else. Peers
// that share a place take each other's turns.
constexpr std::uint32_t entry_quiet_ms = 1000;
std::atomic<std::uint32_t> entries_told[64];

bool is_entry_quiet(const IpAddress& peer) noexcept {
    const auto halves = peer.halves();
    std::atomic<std::uint32_t>& told = entries_told[address_hash(halves[0], halves[1]) >> 58U];
    const std::uint32_t now = system::milliseconds() | 1U;
    const std::uint32_t before = told.load(std::memory_order_relaxed);
    if (before != 0 && now - before < entry_quiet_ms) return true;
    told.store(now, std::memory_order_relaxed);
    return false;
}

void tell_entry(const IpAddress& peer, std::uint16_t local_port, const Decision& decision,
                std::uint32_t policy_stamp) noexcept {
    DecisionRecord entry = record_of(decision, policy_stamp, Protocol::tcp, peer, local_port);
    entry.incoming = 1;
    tell_decision(entry);
}

// So that its close is a reset.
void linger_not(Chain& chain, SOCKET s) noexcept {
    const linger at_once{1, 0};
    int ignored = 0;
    const char* const value = reinterpret_cast<const char*>(&at_once);
    chain.lower.lpWSPSetSockOpt(s, SOL_SOCKET, SO_LINGER, value, sizeof(at_once), &ignored);
}

// On Windows the socket has no peer before that.
void update_accept_context(Chain& chain, SOCKET s, const SocketState& state) noexcept {
    const Note* const note = find_note(s, state);
    const SOCKET listener = note == nullptr ? 0 : note->listener.load(std::memory_order_relaxed);
    if (listener == 0) return;
    int ignored = 0;
    const char* const value = reinterpret_cast<const char*>(&listener);
    chain.lower.lpWSPSetSockOpt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, value, sizeof(listener), &ignored);
}

}  // namespace

bool judges_entries() noexcept {
    refresh_policy();
    return policy_judges_entries();
}

LSP_APART bool lets_in(const Endpoint& from, std::uint16_t local_port) noexcept {
    const IpAddress peer = from.address.unmapped();
    Decision decision;
    if (always_let_in(peer, decision.reason)) return true;
    std::uint32_t stamp = 0;
    {
        const PolicyReader reader;
        const PolicySnapshot* const snapshot = reader.get();
        if (snapshot == nullptr) return true;
        snapshot->incoming.decide_rules(snapshot->policy, Protocol::tcp, peer, local_port, {}, decision);
        stamp = snapshot->stamp;
    }
    const bool taken = decision.verdict != Verdict::refuse;
    count(taken ? Counter::let_in : Counter::turned_away);
    if (!is_entry_quiet(peer)) tell_entry(peer, local_port, decision, stamp);
    return taken;
}

LSP_APART bool lets_in(Chain& chain, SOCKET accepted) noexcept {
    Endpoint peer;
    Endpoint local;
    return lower::peer_endpoint(chain, accepted, chain.family, peer) != 0 ||
           lower::local_endpoint(chain, accepted, chain.family, local) != 0 || lets_in(peer, local.port);
}

void turn_away(Chain& chain, SOCKET accepted) noexcept {
    linger_not(chain, accepted);
    lower::close_socket(chain, accepted);
}

void await_entry(Chain& chain, SOCKET listener, SOCKET s, SocketState& state) noexcept {
    if (state.kind != SocketKind::unbound || state.type != SocketType::stream) return;
    if (judges_entries()) {
        if (Note* const note = make_note(chain, s, state)) note->listener.store(listener, std::memory_order_relaxed);
    }
    // Also without rules: they may come before the connection does.
    mark_unchecked(s, state);
}

void await_no_entry(SOCKET s) noexcept { mark_checked(s); }

LSP_APART int check_entry(Chain& chain, SOCKET s, SocketState& state) noexcept {
    bool refused = false;
    if (judges_entries()) {
        Endpoint peer;
        if (lower::peer_endpoint(chain, s, chain.family, peer) != 0) update_accept_context(chain, s, state);
        refused = !lets_in(chain, s);
    }
    SocketState checked = state;
    checked.unchecked = false;
    checked.noted = false;
    if (state.noted) drop_note(s);
    change_state(s, state, checked);
    if (!refused) return 0;
    linger_not(chain, s);
    lower::shut_down(chain, s);
    return WSAECONNRESET;
}

}  // namespace lsp::provider
