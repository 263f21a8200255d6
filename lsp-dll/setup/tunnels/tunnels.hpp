// Publishing and withdrawing a tunnel: policy store and host model together, all or nothing.
#pragma once

#include <string>
#include <vector>

#include "../../system/policy_store.hpp"

namespace lsp::setup {

struct HostModelFunctions;

// Checks the tunnel, sets the host model so that its traffic can neither be dropped nor leave in clear, and then writes
// it to the store; where the host model cannot be set the tunnel is not published. A tunnel of the same name is
// replaced. Tunnels whose publisher is dead are erased on the way, and switches of the host model that we turned on and
// no tunnel in force needs any more are restored (host_model.hpp), unless this process is not elevated: then the next
// that is does it. Elevated writers are serialised by a lock (../file_lock.hpp).
// Errors: ERR_INVALID_TUNNEL, ERROR_ACCESS_DENIED, ERROR_NOT_FOUND (the host does not have the source address, or no
// such interface), ERR_HOST_MODEL, ERR_TUNNELS_BUSY, ….
system::Outcome publish_tunnel(const Tunnel& tunnel);

// Takes the tunnel out of the store, erases dead ones, and restores the host model as publish_tunnel does. Errors:
// ERROR_FILE_NOT_FOUND, ERROR_ACCESS_DENIED ….
system::Outcome withdraw_tunnel(const std::string& name);

// Erases a tunnel that is rejected or whose publisher is dead, from the place that `delegated` tells and from no other,
// and restores as above. One that is in force is left alone, and one that is gone is no error. Errors: those of
// withdraw_tunnel.
system::Outcome clear_tunnel(const std::string& name, bool delegated);

// The same without a tunnel of one's own: what killed publishers have left.
system::Outcome restore_host_model();

system::Result<std::vector<system::StoredTunnel>> list_tunnels();

// The same over other functions than the system's, for tests.
system::Outcome publish_tunnel(const HostModelFunctions& functions, const Tunnel& tunnel);
system::Outcome withdraw_tunnel(const HostModelFunctions& functions, const std::string& name);

}  // namespace lsp::setup
