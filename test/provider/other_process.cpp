#include "other_process.hpp"

#include <windows.h>

namespace test {

int run_self(const std::string& arguments) {
    wchar_t self[MAX_PATH];
    GetModuleFileNameW(nullptr, self, MAX_PATH);
    return run_program(self, arguments);
}

int run_program(const std::wstring& path, const std::string& arguments) {
    std::wstring command = L"\"" + path + L"\" " + std::wstring(arguments.begin(), arguments.end());

    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION process{};
    // Wine says ERROR_INTERNAL_ERROR now and then on a busy machine.
    for (int attempt = 0; attempt < 3 && process.hProcess == nullptr; ++attempt) {
        CreateProcessW(path.c_str(), command.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup, &process);
    }
    if (process.hProcess == nullptr) return -1;
    const bool ended = WaitForSingleObject(process.hProcess, 30'000) == WAIT_OBJECT_0;
    DWORD code = 0;
    GetExitCodeProcess(process.hProcess, &code);
    if (!ended) TerminateProcess(process.hProcess, 1);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return ended ? static_cast<int>(code) : -1;
}

}  // namespace test
