#include "recording.h"

#include <windows.h>

namespace test_iphlpapi {

void Record(const std::string& members) {
    wchar_t path[MAX_PATH];
    const DWORD length = GetEnvironmentVariableW(L"TEST_IPHLPAPI_RECORD", path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return;
    const HANDLE file =
        CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) return;
    const std::string line = "{\"process\":" + std::to_string(GetCurrentProcessId()) + "," + members + "}\n";
    DWORD written = 0;
    WriteFile(file, line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
    CloseHandle(file);
}

}  // namespace test_iphlpapi
