// Carries out a call in one of the ways in which Winsock can complete it.
#pragma once

#include <functional>

#include "machine.hpp"

namespace differential {

// Gives the call's answer (0, or SOCKET_ERROR and a last error) for a request; both null for a plain call.
// `transferred` is null where the call has no such argument.
using Issue = std::function<int(WSAOVERLAPPED*, LPWSAOVERLAPPED_COMPLETION_ROUTINE, DWORD* transferred)>;

// By the step's word: none (a plain call), /event, /routine, /port, /skip (a port that hears of pending requests only),
// /port-event (both), /poll (WSAGetOverlappedResult until it has ended). What is told: the call's answer, then what
// completed it with which byte count and error. `owner` keeps the call's buffers alive.
std::string complete(const Step& step, std::shared_ptr<void> owner, const Issue& issue);

}  // namespace differential
