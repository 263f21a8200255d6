// Private to setup: a DLL that Windows refuses (code integrity, an antivirus program) would leave the machine without
// sockets once it is registered. So it is loaded once before, by a program of Windows' own, in a process of its own.
#pragma once

#include "../system/catalog.hpp"
#include "../system/error.hpp"

namespace lsp::setup {

using namespace system;

// Has regsvr32.exe of that bitness load the DLL: our DLLs have no DllRegisterServer, so nothing else happens. Success
// if it is loaded, or if that cannot be found out (no regsvr32, or a rule that keeps it from running). Errors:
// ERR_DLL_REFUSED (it is not loaded, the process crashes, or does not end within a minute); ERR_ABORTED (cancel.hpp).
Outcome try_to_load(const std::wstring& dll, Architecture architecture);

enum class TrialAnswer { loads, refused, unknown };
// What regsvr32's exit code says.
TrialAnswer trial_answer(DWORD exit_code) noexcept;

// What install_provider has done: try_to_load, or what a test that installs thousands of times has put in its place
// (null: try_to_load again).
using Trial = Outcome (*)(const std::wstring& dll, Architecture architecture);
Trial trial() noexcept;
void set_trial(Trial other) noexcept;
// For tests: milliseconds that it is given; 0: as at first.
void set_trial_patience(unsigned long milliseconds) noexcept;

}  // namespace lsp::setup
