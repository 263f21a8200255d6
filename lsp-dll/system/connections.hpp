// The live connections of all programs, with what is known of each.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../core/connections.hpp"
#include "effective_policy.hpp"
#include "error.hpp"

namespace lsp::system {

struct ConnectionReport {
    // What `connections` points into stays where it is.
    std::unique_ptr<ConnectionSources> sources;
    std::unique_ptr<EffectivePolicy> policy;  // null if the store cannot be read
    std::vector<JoinedConnection> connections;
    std::map<std::uint32_t, std::string> interfaces;  // aliases by index, UTF-8
};

// read_connection_tables, joined (core/connections.hpp) with the decisions that this process may read
// (decision_rings.hpp) and with the policy as it is. Errors: those of read_connection_tables. What else cannot be read
// counts as not known.
Result<ConnectionReport> list_connections();

}  // namespace lsp::system
