// What actions have in common; for the files that are rows of the table in action.cpp.
#pragma once

#include "action.hpp"

namespace lsp::provider {

// What a rule's `otherwise` says where its action cannot be had. 0: go on as if there were no rule; else `error`.
// Counted.
int apply_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow, int error, Counter why) noexcept;

// Pins an unbound or deferred socket where the decision says so, and binds it to the decision's source; where a step of
// that fails nothing is left of the others, and the rule's `otherwise` says what happens. As apply_otherwise.
int bind_source_or_otherwise(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;

}  // namespace lsp::provider
