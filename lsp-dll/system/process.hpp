// Processes as publishers. is_alive is declared in store_reader.hpp.
#pragma once

#include "../core/tunnel.hpp"
#include "handle.hpp"

namespace lsp::system {

// What became of looking for a publisher's process.
enum class ProcessState { running, gone, unknown };

// With ProcessState::running, `process` gets a handle that is signalled when the process ends; or none if this process
// may not open it.
ProcessState find_process(const Publisher& publisher, Handle& process) noexcept;

// The same for a process that this one may open; else ProcessState::unknown, and nothing else is asked.
ProcessState ask_process(const Publisher& publisher, Handle& process) noexcept;

// The same by the system's list of processes (NtQuerySystemInformation), which needs no right to the process and costs
// a copy of the list. ProcessState::unknown if there is none.
ProcessState find_listed_process(const Publisher& publisher) noexcept;

ProcessIdentity current_process() noexcept;

}  // namespace lsp::system
