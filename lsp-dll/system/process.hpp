// Private to system: processes as publishers. is_alive and current_publisher are declared in policy_store.hpp.
#pragma once

#include "../core/tunnel.hpp"
#include "handle.hpp"

namespace lsp::system {

// What became of looking for a publisher's process.
enum class ProcessState { running, gone, unknown /* it may not be asked */ };

// With ProcessState::running, `process` gets a handle that is signalled when the process ends.
ProcessState find_process(const Publisher& publisher, Handle& process) noexcept;

}  // namespace lsp::system
