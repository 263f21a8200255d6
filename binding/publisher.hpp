// Another process as a tunnel's publisher.
#pragma once

#include <cstdint>

#include "../lsp-dll/core/tunnel.hpp"
#include "../lsp-dll/system/error.hpp"

namespace lsp::binding {

// OpenProcess, GetProcessTimes. Errors: ERROR_INVALID_PARAMETER (no such process), ERROR_ACCESS_DENIED.
system::Result<Publisher> publisher_of(std::uint32_t process_id);

}  // namespace lsp::binding
