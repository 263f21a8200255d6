// The system's tables of TCP connections and UDP sockets.
#pragma once

#include <vector>

#include "../core/connections.hpp"
#include "error.hpp"

namespace lsp::system {

// All of both families: GetExtendedTcpTable, GetExtendedUdpTable. Needs no rights. A family that the system does not
// have is left out. Errors: as the system gives them; ERROR_NOT_SUPPORTED before Windows XP SP2.
Result<std::vector<Connection>> read_connection_tables();

}  // namespace lsp::system
