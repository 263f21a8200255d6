#include "programs.hpp"

#include <windows.h>

namespace {
constexpr DWORD patience_ms = 60 * 1000;
constexpr DWORD not_started = 0xffffffff;
constexpr DWORD too_slow = 0xfffffffe;

DWORD run_once(std::wstring line) {
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    if (!CreateProcessW(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process)) {
        return not_started;
    }
    DWORD code = too_slow;
    if (WaitForSingleObject(process.hProcess, patience_ms) == WAIT_OBJECT_0) {
        GetExitCodeProcess(process.hProcess, &code);
    } else {
        TerminateProcess(process.hProcess, code);
    }
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

}  // namespace

unsigned long run_program(const std::wstring& command_line, const std::vector<std::wstring>& environment) {
    for (const std::wstring& variable : environment) {
        const std::size_t equals = variable.find(L'=');
        SetEnvironmentVariableW(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1);
    }
    // Wine sometimes fails to make a process on a busy machine; what the program itself answers is not asked for again.
    DWORD code = not_started;
    for (int attempt = 0; attempt < 3 && code == not_started; ++attempt) code = run_once(command_line);
    for (const std::wstring& variable : environment) {
        SetEnvironmentVariableW(variable.substr(0, variable.find(L'=')).c_str(), nullptr);
    }
    return code;
}
