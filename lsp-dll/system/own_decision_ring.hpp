// Where a user's ring of decisions is (design §10): a section of the session, with the user's SID in its name.
//
// Of the session and not of the machine, because ordinary users may not make the machine's; services have theirs in
// session 0. Its owner is the user that its name tells, or else somebody has made it who wants to read what is written.
#pragma once

#include "../core/decision_record.hpp"
#include "handle.hpp"

namespace lsp::system {

// The SID follows. What stands in it is a DecisionSection; another layout has another name.
inline constexpr wchar_t decision_ring_prefix[] = L"winsock-lsp-decisions-5-";
static_assert(DecisionSection::expected_version == 5);

// The ring of this process's user in this session, found or made; none if somebody else has made it, or the process may
// not. It has its name while a process has it open. Allocates nothing that stays.
Handle open_own_decision_ring() noexcept;

}  // namespace lsp::system
