#include "../action.hpp"
#include "../check.hpp"
#include "../lower.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// What both ways to connect have in common: decide and carry it out. 0: go on with the lower call. `readable`: the name
// is an address of the socket's family; `unspecified`: it is zeros.
int prepare_to_connect(Chain& chain, SOCKET s, SocketState& state, const sockaddr* name, int name_length,
                       bool& readable, bool& unspecified) noexcept {
    readable = unspecified = false;
    if (state.kind == SocketKind::unknown) return 0;
    Flow flow;
    readable = read_endpoint(name, name_length, state.family, flow.destination);
    if (!readable) return settle(chain, s, state);
    const bool own_choice = has_own_choice(state);
    unspecified = flow.destination.address.is_unspecified();
    decide_flow(state, flow, own_choice);
    const int refused = own_choice
                            ? judge(chain, s, state, flow,
                                    flow.decided ? choice_of(chain, s, state, flow.destination.address) : Choice{})
                            : prepare(chain, s, state, flow);
    record(flow, refused);
    return refused;
}

}  // namespace

int connect(Chain& chain, SOCKET s, const sockaddr* name, int name_length, LPWSABUF caller_data, LPWSABUF callee_data,
            LPQOS socket_qos, LPQOS group_qos, LPINT error) {
    SocketState state = state_of(chain, s);
    bool readable = false;
    bool unspecified = false;
    if (const int refused = prepare_to_connect(chain, s, state, name, name_length, readable, unspecified);
        refused != 0) {
        *error = refused;
        return SOCKET_ERROR;
    }
    int result = chain.lower.lpWSPConnect(s, name, name_length, caller_data, callee_data, socket_qos, group_qos, error);
    if (state.unchecked && (result == 0 || *error == WSAEWOULDBLOCK)) {
        if (const int refused = check(chain, s, state); refused != 0) {
            *error = refused;
            result = SOCKET_ERROR;
        }
    }
    // A connect that was tried has bound the socket; one whose arguments were refused has not. Where that is wrong, the
    // next bind's WSAEINVAL tells.
    if (result == 0 || (readable && *error != WSAEINVAL && *error != WSAEADDRNOTAVAIL)) mark_implicit_bind(s, state);
    // Zeros for an address take the default destination away.
    if (result == 0) mark_connected(s, readable && !unspecified);
    return result;
}

// A program may use one chain's pointer for another's sockets, an IPv4 chain's for IPv6.
BOOL connect_ex(Chain& asked, SOCKET s, const sockaddr* name, int name_length, void* data, DWORD data_length,
                LPDWORD sent, LPOVERLAPPED overlapped) {
    SocketState state = state_of(asked, s);
    Chain& chain = chain_of(asked, state);
    // On an unbound socket ConnectEx fails with WSAEINVAL, and that is the program's to see.
    bool readable = false;
    bool unspecified = false;
    const int refused = state.kind == SocketKind::unbound
                            ? 0
                            : prepare_to_connect(chain, s, state, name, name_length, readable, unspecified);
    // Data would go with the connection, before it can be checked.
    const bool too_early = refused == 0 && state.unchecked && data != nullptr && data_length != 0;
    if (refused != 0 || too_early) {
        WSASetLastError(refused != 0 ? refused : refused_error);
        return FALSE;
    }
    const LPFN_CONNECTEX lower = lower::connect_ex(chain, asked, s);
    return lower(s, name, name_length, data, data_length, sent, overlapped);
}

}  // namespace lsp::provider::hooks
