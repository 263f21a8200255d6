#include "../endpoint.hpp"
#include "../policy_cache.hpp"
#include "../socket_state.hpp"
#include "../telemetry.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// Whether the program can do nothing with the socket that would show that its bind waits.
bool can_wait(const Chain& chain, const SocketState& state) noexcept {
    switch (state.type) {
        case SocketType::stream:
            // Once it has asked for ConnectEx through us, that is the one it uses.
            return !began_without_us.load(std::memory_order_relaxed) ||
                   chain.lower_connect_ex.load(std::memory_order_relaxed) != nullptr;
        case SocketType::datagram: return !state.binds_at_once && !began_without_us.load(std::memory_order_relaxed);
        default: return false;  // a raw socket is bound for what it receives
    }
}

}  // namespace

int bind(Chain& chain, SOCKET s, const sockaddr* name, int name_length, LPINT error) {
    SocketState state = sockets.get(s);
    // Bound already, as far as the program knows. What is wrong with a second bind, or that the handle is no socket any
    // more, is the lower provider's to say.
    if (const int failed = settle(chain, s, state); failed != 0) {
        *error = failed;
        return SOCKET_ERROR;
    }
    Endpoint endpoint;
    if (state.kind != SocketKind::unbound || !read_endpoint(name, name_length, state.family, endpoint)) {
        return chain.lower.lpWSPBind(s, name, name_length, error);
    }

    SocketState bound = state;
    const bool wildcard = endpoint.address.is_unspecified();
    if (wildcard && endpoint.port == 0 && can_wait(chain, state) && policy_active()) {
        bound.kind = SocketKind::deferred;
        if (sockets.exchange(s, state, bound)) {
            count(Counter::binds_deferred);
            return 0;
        }
    }
    const int result = chain.lower.lpWSPBind(s, name, name_length, error);
    if (result == 0) {
        bound.kind = wildcard ? SocketKind::wildcard : SocketKind::explicit_;
        sockets.exchange(s, state, bound);
    }
    return result;
}

}  // namespace lsp::provider::hooks
