#include "telemetry.hpp"

// A section of its own, mapped read-write and shared by every process that loads the same file. It must be initialised
// data: a zero-filled variable would go to .bss, which is never shared.
#if defined(_MSC_VER)
#pragma section(".shared", read, write, shared)
#define LSP_SHARED_SECTION __declspec(allocate(".shared"))
#elif defined(__clang__)
// Clang has no attribute for it: its linker is told so (-Xlinker /SECTION:.shared,RWS).
#define LSP_SHARED_SECTION __attribute__((section(".shared")))
#else
#define LSP_SHARED_SECTION __attribute__((section(".shared"), shared))
#endif

namespace lsp::provider {

LSP_SHARED_SECTION TelemetrySection telemetry = {
    TelemetrySection::expected_magic, TelemetrySection::expected_version, {}, {}, {}};

}  // namespace lsp::provider
