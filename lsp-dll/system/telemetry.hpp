// The DLL's shared data section, seen from outside.
#pragma once

#include <string>

#include "../core/counter_reader.hpp"
#include "error.hpp"

namespace lsp::system {

// What all processes that use the DLL at `dll` have counted; it may be of the other architecture than this
// process. Maps the file as an image, as the loader does, but runs none of its code; copies the section, which is
// untrusted. Errors: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND and what else CreateFileW gives; ERR_NOT_A_PROVIDER (no
// DLL, or one without a shared section); ERR_BAD_TELEMETRY (scrambled, or of another version).
Result<ReadCounters> read_telemetry(const std::wstring& dll);

}  // namespace lsp::system
