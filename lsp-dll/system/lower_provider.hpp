// Whom a protocol chain of ours stands on.
#pragma once

#include "protocol_chains.hpp"

namespace lsp::system {

// One protocol chain entry's lower neighbour: what the layer at `ours` in `chain` stands on.
struct FoundLower {
    const WSAPROTOCOL_INFOW* info = nullptr;  // of the lower entry: pass it to the lower WSPSocket
    // Pass it to the lower WSPStartup (the chain itself above another layered provider).
    const WSAPROTOCOL_INFOW* startup_info = nullptr;
    wchar_t path[MAX_PATH] = {};  // the DLL to load, environment strings expanded
};
// False if neither the chain nor a base provider of its protocol has a DLL. `lower` points to what it was given.
bool find_lower(const WSAPROTOCOL_INFOW& chain, Entries entries, FoundLower& lower) noexcept;

// Where the lower neighbour is another layered provider: the entry of a chain of its own, with just those entries that
// follow us in ours; null if the catalog has none.
const WSAPROTOCOL_INFOW* find_own_chain(const WSAPROTOCOL_INFOW& chain, const WSAPROTOCOL_INFOW& lower,
                                        Entries entries) noexcept;

}  // namespace lsp::system
