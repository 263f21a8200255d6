#include "telemetry.hpp"

#include <windows.h>
#include <winsock2.h>

#include "text.hpp"

namespace lsp::system {
namespace {

// What the DLL exports for this.
using GetLspTelemetry = const TelemetrySection*(__cdecl*)();

Result<CounterValues> read_section(HMODULE module, const std::string& name) {
    const auto function =
        reinterpret_cast<GetLspTelemetry>(reinterpret_cast<void*>(GetProcAddress(module, "GetLspTelemetry")));
    if (function == nullptr) {
        return own_error("ERR_NOT_A_PROVIDER",
                         concat({"Cannot read the counters of ", name,
                                 ": it does not export GetLspTelemetry. Give the DLL of winsock-lsp."}));
    }
    const TelemetrySection* const section = function();
    if (section == nullptr || section->magic != TelemetrySection::expected_magic ||
        section->version != TelemetrySection::expected_version) {
        return own_error("ERR_BAD_TELEMETRY",
                         concat({"Cannot read the counters of ", name,
                                 ": its shared section is of another version, or a program has overwritten it."}));
    }
    CounterValues values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = section->counters[i].load(std::memory_order_relaxed);
    }
    return values;
}

}  // namespace

Result<CounterValues> read_counters(const std::wstring& dll) {
    const std::string name = narrow(dll);
    const HMODULE module = LoadLibraryExW(dll.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    const DWORD error = GetLastError();
    if (module == nullptr) {
        return system_error(error, "LoadLibraryExW", concat({"Cannot load ", name, " to read its counters"}));
    }
    auto result = read_section(module, name);
    FreeLibrary(module);
    return result;
}

}  // namespace lsp::system
