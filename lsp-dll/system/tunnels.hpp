// Publishing and withdrawing a tunnel: policy store and host model together, all or nothing.
#pragma once

#include <string>
#include <vector>

#include "policy_store.hpp"

namespace lsp::system {

// Checks the tunnel, sets the host model so that its traffic can neither be dropped nor leave in clear, and writes it
// to the store with what has to be restored. If the store cannot be written the host model is put back. A tunnel of the
// same name is replaced; what its publishing had changed is carried over, so that withdrawing restores the state before
// the first. Errors: ERR_INVALID_TUNNEL, ERROR_ACCESS_DENIED, ERROR_NOT_FOUND (the host does not have the source
// address, or no such interface), ….
Outcome publish_tunnel(Tunnel tunnel);

// Takes the tunnel out of the store, then restores the host model. Errors: ERROR_FILE_NOT_FOUND, ERROR_ACCESS_DENIED ….
Outcome withdraw_tunnel(const std::string& name);

Result<std::vector<StoredTunnel>> list_tunnels();

}  // namespace lsp::system
