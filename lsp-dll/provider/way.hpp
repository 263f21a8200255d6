// The action `through` (design §12): the interface that a socket leaves by, whatever the best route says.
#pragma once

#include "flow.hpp"
#include "socket_state.hpp"

namespace lsp::provider {

bool through_is_met(const Decision& decision, const Choice& chosen) noexcept;

// IP_UNICAST_IF, then the bind to the interface's own address. A socket that is bound to the wildcard gets the option
// alone; where the rule would rather refuse it is then marked unchecked, for check_way.
int prepare_through(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;

// A socket that is bound to the wildcard and was pinned for an earlier destination: not for this one, unless that is
// the rule's wish again. One that is connected keeps the way of its own destination.
void leave_way(Chain& chain, SOCKET s, SocketState& state, const Flow& flow) noexcept;

// For such a socket, once it is connected or on the way: whether it leaves from an address of the interface that it is
// pinned to. If not the connection is ended, and the result is the error to give the program. 0 also while the system
// does not tell yet; then it stays unchecked.
int check_way(Chain& chain, SOCKET s, SocketState& state) noexcept;

}  // namespace lsp::provider
