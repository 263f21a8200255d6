// Sockets of which something cannot be told when a call is made, but at the next one: where a connection that is under
// way leaves, who has come in by an AcceptEx. Their state says so (SocketState::unchecked), and their next call that
// carries data, or asks what has become of them, is preceded by a look.
#pragma once

#include "socket_state.hpp"

namespace lsp::provider {

// 0: the call goes on; else the error to give the program.
int check(Chain& chain, SOCKET s, SocketState& state) noexcept;

}  // namespace lsp::provider
