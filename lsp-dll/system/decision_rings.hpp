// The users' rings of decisions (own_decision_ring.hpp), read.
#pragma once

#include <string>
#include <vector>

#include "../core/decision_reader.hpp"
#include "error.hpp"

namespace lsp::system {

struct DecisionRing {
    std::string name;  // tells it from the others: the session's number and the user's SID
    RecordedDecisions read;
};

// Those that this process may read: its user's own, of all sessions; an administrator's process, everybody's. A ring
// that somebody else has made than the user that its name tells, or that is scrambled, is passed over. A ring is there
// while a process has it open: one that has recorded something, or has called this.
std::vector<DecisionRing> read_decision_rings();

}  // namespace lsp::system
