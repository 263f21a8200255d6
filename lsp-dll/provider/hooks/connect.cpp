#include "../action.hpp"
#include "../check.hpp"
#include "../leading.hpp"
#include "../lower.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// What both ways to connect have in common: decide and carry it out. 0: go on with the lower call. `readable`: the name
// is an address of the socket's family; `unspecified`: it is zeros.
int prepare_to_connect(Chain& chain, SOCKET s, SocketState& state, const sockaddr* name, int name_length, Flow& flow,
                       bool& readable, bool& unspecified) noexcept {
    readable = unspecified = false;
    if (state.kind == SocketKind::unknown) return 0;
    if (const int error = error_of_second_connect(chain, s, state); error != 0) return error;
    readable = read_endpoint(name, name_length, state.family, flow.destination);
    if (!readable) return settle(chain, s, state);
    const bool own_choice = has_own_choice(state);
    unspecified = flow.destination.address.is_unspecified();
    decide_flow(state, flow, own_choice);
    // A proxy takes it whatever the program chose.
    const int refused = own_choice && flow.decision.verdict != Verdict::socks5
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
    Flow flow;
    bool readable = false;
    bool unspecified = false;
    int failed = prepare_to_connect(chain, s, state, name, name_length, flow, readable, unspecified);
    if (failed == 0 && flow.lead != nullptr) {
        failed = connect_led(chain, s, state, flow);
        if (failed == 0) return 0;
    }
    if (failed != 0) {
        *error = failed;
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
    Flow flow;
    bool readable = false;
    bool unspecified = false;
    int failed = state.kind == SocketKind::unbound
                     ? 0
                     : prepare_to_connect(chain, s, state, name, name_length, flow, readable, unspecified);
    // Without an OVERLAPPED it is an error below, too.
    if (failed == 0 && flow.lead != nullptr) {
        failed = overlapped == nullptr ? give_up_lead(flow, WSAEINVAL)
                                       : connect_ex_led(chain, s, state, flow, data, data_length, overlapped);
    }
    // Data would go with the connection, before it can be checked.
    if (failed == 0 && state.unchecked && data != nullptr && data_length != 0) failed = refused_error;
    if (failed != 0) {
        WSASetLastError(failed);
        return FALSE;
    }
    const LPFN_CONNECTEX lower = lower::connect_ex(chain, asked, s);
    return lower(s, name, name_length, data, data_length, sent, overlapped);
}

}  // namespace lsp::provider::hooks
