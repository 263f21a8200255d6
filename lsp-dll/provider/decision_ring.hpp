// The ring of this process's user: what is decided is told to that user and to administrators, and to nobody else.
#pragma once

#include "../core/decision_record.hpp"

namespace lsp::provider {

// Writes the record into the user's ring, which the first one finds or makes (system/own_decision_ring.hpp): an
// idle process costs nothing. Where there is none to be had, because somebody else has made one of its name, or the
// process may not, the record is dropped, and a later one tries again.
void tell_decision(const DecisionRecord& record) noexcept;

}  // namespace lsp::provider
