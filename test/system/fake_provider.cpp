// A DLL that looks like a provider from outside. `FAKE_TELEMETRY` in the environment chooses what GetLspTelemetry
// gives: "null", "magic", "version"; anything else is a good section in which counter i is 100 + i.
#include <windows.h>
#include <winsock2.h>

#include "core/telemetry_layout.hpp"

#define EXPORTED extern "C" __declspec(dllexport)

namespace {
lsp::TelemetrySection section;
}

EXPORTED int WSPStartup() { return WSAEPROVIDERFAILEDINIT; }
EXPORTED void GetLspGuid(GUID*) {}

EXPORTED const lsp::TelemetrySection* GetLspTelemetry() {
    wchar_t kind[16] = L"";
    GetEnvironmentVariableW(L"FAKE_TELEMETRY", kind, 16);
    if (kind[0] == L'n') return nullptr;
    section.magic = lsp::TelemetrySection::expected_magic + (kind[0] == L'm' ? 1 : 0);
    section.version = lsp::TelemetrySection::expected_version + (kind[0] == L'v' ? 1 : 0);
    for (std::uint32_t i = 0; i < lsp::counter_count; ++i) section.counters[i] = 100 + i;
    return &section;
}
