#include "../adopt.hpp"
#include "../entry.hpp"
#include "../guarded_copy.hpp"
#include "../lower.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// So many peers are turned away in one call that does not wait; then it has found nobody, and the next call goes on.
constexpr unsigned most_turned_away = 32;

// A program's condition function, and ours before it.
struct Condition {
    const Chain& chain;
    LPCONDITIONPROC program;
    DWORD_PTR data;
    std::uint16_t local_port;
    bool turned_away = false;  // by us
};

int CALLBACK ask_before(LPWSABUF caller, LPWSABUF caller_data, LPQOS socket_qos, LPQOS group_qos, LPWSABUF callee,
                        LPWSABUF callee_data, GROUP* group, DWORD_PTR context) {
    auto& condition = *reinterpret_cast<Condition*>(context);
    Endpoint peer;
    if (caller != nullptr &&
        read_endpoint(reinterpret_cast<const sockaddr*>(caller->buf), static_cast<int>(caller->len),
                      condition.chain.family, peer) &&
        !lets_in(peer, condition.local_port)) {
        condition.turned_away = true;
        return CF_REJECT;
    }
    return condition.program(caller, caller_data, socket_qos, group_qos, callee, callee_data, group, condition.data);
}

SOCKET take(Chain& chain, SOCKET accepted) noexcept {
    remember_socket(accepted, fresh_state(chain, SocketKind::explicit_));
    return adopt(chain, accepted);
}

// The listener sees nothing of a peer that may not come in: its call goes on to the next.
SOCKET accept_judged(Chain& chain, SOCKET s, sockaddr* address, LPINT address_length, LPCONDITIONPROC program,
                     DWORD_PTR data, LPINT error) noexcept {
    int room = 0;
    const bool has_room = address_length != nullptr && guarded_read(room, address_length);
    Endpoint local;
    lower::local_endpoint(chain, s, chain.family, local);
    Condition condition{chain, program, data, local.port};
    for (unsigned turned_away = 0;; ++turned_away) {
        if (turned_away != 0 && has_room) guarded_write(address_length, room);
        if (turned_away >= most_turned_away && is_nonblocking(sockets.get(s))) {
            *error = WSAEWOULDBLOCK;
            return INVALID_SOCKET;
        }
        condition.turned_away = false;
        const SOCKET accepted = program == nullptr
                                    ? chain.lower.lpWSPAccept(s, address, address_length, nullptr, 0, error)
                                    : chain.lower.lpWSPAccept(s, address, address_length, ask_before,
                                                              reinterpret_cast<DWORD_PTR>(&condition), error);
        if (accepted == INVALID_SOCKET) {
            if (condition.turned_away) continue;
            return accepted;
        }
        if (program != nullptr || lets_in(chain, accepted)) return take(chain, accepted);
        turn_away(chain, accepted);
    }
}

}  // namespace

SOCKET accept(Chain& chain, SOCKET s, sockaddr* address, LPINT address_length, LPCONDITIONPROC condition,
              DWORD_PTR data, LPINT error) {
    if (judges_entries()) return accept_judged(chain, s, address, address_length, condition, data, error);
    const SOCKET accepted = chain.lower.lpWSPAccept(s, address, address_length, condition, data, error);
    return accepted == INVALID_SOCKET ? accepted : take(chain, accepted);
}

BOOL accept_ex(Chain& asked, SOCKET listener, SOCKET accepting, void* buffer, DWORD receive_length, DWORD local_length,
               DWORD remote_length, LPDWORD received, LPOVERLAPPED overlapped) {
    SocketState state = sockets.get(accepting);
    Chain& chain = chain_of(asked, state);
    await_entry(chain, listener, accepting, state);
    const LPFN_ACCEPTEX lower = lower::accept_ex(chain, asked, listener);
    const BOOL accepted =
        lower(listener, accepting, buffer, receive_length, local_length, remote_length, received, overlapped);
    if (!accepted) {
        const int error = WSAGetLastError();
        if (error != WSA_IO_PENDING) await_no_entry(accepting);
        WSASetLastError(error);
    }
    return accepted;
}

}  // namespace lsp::provider::hooks
