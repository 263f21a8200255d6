// The ring of this process's user: what is decided is told to that user and to administrators, and to nobody else.
#pragma once

#include "../core/decide.hpp"
#include "../core/decision_record.hpp"

namespace lsp::provider {

// What such a decision is told as, without what became of it.
DecisionRecord record_of(const Decision& decision, std::uint32_t policy_stamp, Protocol protocol,
                         const IpAddress& destination, std::uint16_t port) noexcept;

// Writes the record, with the time and this process in it, into the user's ring, which the first one finds or makes
// (system/own_decision_ring.hpp): an idle process costs nothing. Where there is none to be had, because somebody else
// has made one of its name, or the process may not, the record is dropped, and a later one tries again.
void tell_decision(DecisionRecord& record) noexcept;

}  // namespace lsp::provider
