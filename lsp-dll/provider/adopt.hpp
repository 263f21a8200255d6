// A handle that the lower provider has just given becomes the program's.
#pragma once

#include "chain.hpp"
#include "notes.hpp"

namespace lsp::provider {

inline SocketState fresh_state(const Chain& chain, SocketKind kind) noexcept {
    SocketState state;
    state.kind = kind;
    state.type = chain.type;
    state.family = chain.family;
    return state;
}

// Tells ws2_32 that calls on the lower provider's handle come to our chain. Where it cannot, because our entry has left
// the catalog under a running program, the socket is the program's all the same: the base provider has given it to
// ws2_32 under its own entry, and it goes on without us.
inline SOCKET adopt(Chain& chain, SOCKET s) noexcept {
    int failed = 0;
    if (chain.upcalls.lpWPUModifyIFSHandle(chain.info().dwCatalogEntryId, s, &failed) != s) forget_socket(s);
    return s;
}

}  // namespace lsp::provider
