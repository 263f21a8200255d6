// Counters in the DLL's shared data section.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "../core/telemetry_layout.hpp"
#include "error.hpp"

namespace lsp::system {

using CounterValues = std::array<std::uint64_t, counter_count>;

// Reads the counters of all processes that have the DLL at `dll` mapped: maps it into this process (its DllMain does
// nothing) and copies its section, which is untrusted. Errors: ERROR_MOD_NOT_FOUND, ERR_NOT_A_PROVIDER (no
// GetLspTelemetry), ERR_BAD_TELEMETRY (magic or version).
Result<CounterValues> read_counters(const std::wstring& dll);

}  // namespace lsp::system
