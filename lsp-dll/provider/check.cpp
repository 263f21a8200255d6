#include "check.hpp"

#include "action.hpp"
#include "entry.hpp"
#include "inlining.hpp"
#include "leading.hpp"
#include "lower.hpp"
#include "way.hpp"

namespace lsp::provider {

namespace {

// A datagram has moved the pin of a connected socket to another destination's interface: back to its own.
int return_to_own_way(Chain& chain, SOCKET s, SocketState& state) noexcept {
    SocketState checked = state;
    checked.unchecked = false;
    change_state(s, state, checked);
    Flow flow;
    if (lower::peer_endpoint(chain, s, state.family, flow.destination) != 0) return 0;
    decide_flow(state, flow, false);
    const int refused = prepare(chain, s, state, flow);
    record(flow, refused);
    return refused;
}

}  // namespace

LSP_APART int check(Chain& chain, SOCKET s, SocketState& state) noexcept {
    if (!state.unchecked) return 0;
    if (const Note* const note = find_led(s, state); note != nullptr) {
        return note->leading.load(std::memory_order_acquire) == Leading::under_way ? WSAENOTCONN : 0;
    }
    if (state.kind == SocketKind::wildcard) return check_way(chain, s, state);
    if (state.kind == SocketKind::unbound) return check_entry(chain, s, state);
    return return_to_own_way(chain, s, state);
}

}  // namespace lsp::provider
