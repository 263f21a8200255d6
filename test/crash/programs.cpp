#include "programs.hpp"

#include <windows.h>

namespace {
constexpr DWORD patience_ms = 60 * 1000;
}

unsigned long run_program(const std::wstring& command_line, const std::vector<std::wstring>& environment) {
    for (const std::wstring& variable : environment) {
        const std::size_t equals = variable.find(L'=');
        SetEnvironmentVariableW(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1);
    }
    std::wstring line = command_line;
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    DWORD code = 0xffffffff;
    if (CreateProcessW(nullptr, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process)) {
        if (WaitForSingleObject(process.hProcess, patience_ms) == WAIT_OBJECT_0) {
            GetExitCodeProcess(process.hProcess, &code);
        } else {
            TerminateProcess(process.hProcess, code);
        }
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    for (const std::wstring& variable : environment) {
        SetEnvironmentVariableW(variable.substr(0, variable.find(L'=')).c_str(), nullptr);
    }
    return code;
}
