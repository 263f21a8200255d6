#include "load_trial.hpp"

#include <atomic>

#include "../system/chains.hpp"
#include "../system/handle.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"
#include "files.hpp"

namespace lsp::setup {
namespace {

constexpr unsigned long trial_patience_ms = 60 * 1000;
constexpr DWORD trial_slice_ms = 20;

std::atomic<unsigned long> trial_patience{trial_patience_ms};
std::atomic<Trial> other_trial{nullptr};

// regsvr32's exit codes: what its source in Wine calls them, and Windows gives too.
constexpr DWORD loadlibrary_failed = 3, getprocaddress_failed = 4, dllserver_failed = 5;

constexpr char refused_remedy[] =
    " Nothing was changed. Look at Windows' event log (Applications and Services Logs, Microsoft, Windows: "
    "CodeIntegrity and "
    "AppLocker) and at that of the antivirus program for what refuses it.";

// Windows' own program of that bitness; empty if there is none.
std::wstring regsvr32(Architecture architecture) {
    wchar_t folder[MAX_PATH];
    const UINT length = architecture == native_architecture ? GetSystemDirectoryW(folder, MAX_PATH)
                                                            : GetSystemWow64DirectoryW(folder, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return {};
    const std::wstring program = std::wstring(folder, length) + L"\\regsvr32.exe";
    return file_exists(program) ? program : std::wstring();
}

// Nothing if it cannot be started.
Handle start(const std::wstring& program, const std::wstring& dll) {
    std::wstring line = L"\"" + program + L"\" /s \"" + dll + L"\"";
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    // The child inherits it: no window about a DLL that is missing waits for somebody to close it.
    const UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    const BOOL started = CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, FALSE, CREATE_NO_WINDOW,
                                        nullptr, folder_of(program).c_str(), &startup, &process);
    SetErrorMode(mode);
    if (!started) return {};
    CloseHandle(process.hThread);
    return Handle(process.hProcess);
}

Error refused(const std::string& attempt, const std::string& how) {
    return own_error("ERR_DLL_REFUSED", concat({attempt, ": Windows does not load it (", how, ").", refused_remedy}));
}

}  // namespace

Trial trial() noexcept {
    const Trial other = other_trial.load();
    return other != nullptr ? other : &try_to_load;
}

void set_trial(Trial other) noexcept { other_trial = other; }

void set_trial_patience(unsigned long milliseconds) noexcept {
    trial_patience = milliseconds != 0 ? milliseconds : trial_patience_ms;
}

TrialAnswer trial_answer(DWORD exit_code) noexcept {
    switch (exit_code) {
        case 0:
        case getprocaddress_failed:
        case dllserver_failed: return TrialAnswer::loads;
        case loadlibrary_failed: return TrialAnswer::refused;
        case 0xC000007B:  // STATUS_INVALID_IMAGE_FORMAT, STATUS_DLL_NOT_FOUND, STATUS_DLL_INIT_FAILED: of regsvr32
                          // itself,
        case 0xC0000135:  // which has not come to our DLL
        case 0xC0000142: return TrialAnswer::unknown;
        default: return exit_code >= 0xC0000000 ? TrialAnswer::refused : TrialAnswer::unknown;
    }
}

Outcome try_to_load(const std::wstring& dll, Architecture architecture) {
    const std::string attempt = concat({"Cannot install ", dll});
    const std::wstring file = expand_environment(dll), program = regsvr32(architecture);
    const Handle process = program.empty() || file.find(L'"') != std::wstring::npos ? Handle() : start(program, file);
    if (!process) return Done{};
    const DWORD started = GetTickCount();
    while (WaitForSingleObject(process.get(), trial_slice_ms) == WAIT_TIMEOUT) {
        const bool called_off = is_cancelled();
        if (!called_off && GetTickCount() - started < trial_patience) continue;
        TerminateProcess(process.get(), 1);
        if (called_off) return cancelled(attempt);
        return refused(attempt,
                       concat({"a process that does had not come to its end after ", trial_patience.load(), " ms"}));
    }
    DWORD exit_code = 0;
    if (!GetExitCodeProcess(process.get(), &exit_code) || trial_answer(exit_code) != TrialAnswer::refused)
        return Done{};
    return refused(attempt, exit_code == loadlibrary_failed
                                ? std::string("regsvr32 could not load it")
                                : concat({"regsvr32, told to load it, ended with ", error_name(exit_code)}));
}

}  // namespace lsp::setup
