// unelevated.exe COMMAND [ARGUMENT...]: runs a command line without elevation, as UAC starts an administrator's
// programs: in the token the Administrators group counts for denials only. Ends with the program's exit code; with 125
// if it cannot be started.
#include <windows.h>

#include <cstdio>

namespace {

int fail(const char* function) {
    std::fprintf(stderr, "unelevated: %s failed: error %lu\n", function, GetLastError());
    return 125;
}

// Behind the first word of the command line, which is this program.
wchar_t* rest_of_command_line() {
    wchar_t* at = GetCommandLineW();
    for (bool quoted = false; *at != L'\0' && (quoted || (*at != L' ' && *at != L'\t')); ++at) {
        if (*at == L'"') quoted = !quoted;
    }
    while (*at == L' ' || *at == L'\t') ++at;
    return at;
}

}  // namespace

int main() {
    HANDLE own = nullptr;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY, &own)) {
        return fail("OpenProcessToken");
    }
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, nullptr, sid, &size)) return fail("CreateWellKnownSid");
    SID_AND_ATTRIBUTES administrators = {sid, 0};
    HANDLE filtered = nullptr;
    if (!CreateRestrictedToken(own, 0, 1, &administrators, 0, nullptr, 0, nullptr, &filtered)) {
        return fail("CreateRestrictedToken");
    }
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION started{};
    if (!CreateProcessAsUserW(filtered, nullptr, rest_of_command_line(), nullptr, nullptr, TRUE, 0, nullptr, nullptr,
                              &startup, &started)) {
        return fail("CreateProcessAsUserW");
    }
    DWORD code = 125;
    WaitForSingleObject(started.hProcess, INFINITE);
    GetExitCodeProcess(started.hProcess, &code);
    return static_cast<int>(code);
}
