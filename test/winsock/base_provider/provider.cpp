// WSPStartup. The mode is an environment variable, so that one catalog serves all tests.
#include "provider.h"

#include "control_check.h"
#include "protocol_info.h"
#include "recording.h"

namespace base_provider {
WSPUPCALLTABLE upcalls;

namespace {
SRWLOCK lock = SRWLOCK_INIT;
int startups;

bool isVariable(const wchar_t* name, const wchar_t* value) {
    wchar_t text[32];
    const DWORD length = GetEnvironmentVariableW(name, text, 32);
    return length > 0 && length < 32 && lstrcmpiW(text, value) == 0;
}

int startFirst(const WSPUPCALLTABLE& table) {
    upcalls = table;
    WSADATA data;
    if (!test_winsock::LoadSystemWinsock() || systemWinsock.WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return WSASYSNOTREADY;
    if (!LoadBaseEntries()) return WSANO_RECOVERY;
    OpenRecording();
    if (isVariable(L"TEST_WINSOCK_CHECK_CONTROL", L"1")) StartControlCheck();
    return 0;
}
}  // namespace

bool LacksSendMessage() { return isVariable(L"TEST_WINSOCK_NO_SENDMSG", L"1"); }

int WSPAPI wspCleanup(LPINT) {
    AcquireSRWLockExclusive(&lock);
    if (startups > 0 && --startups == 0) {
        EndControlCheck();
        systemWinsock.WSACleanup();
    }
    ReleaseSRWLockExclusive(&lock);
    return 0;
}
}  // namespace base_provider

extern "C" int WSPAPI WSPStartup(WORD version, LPWSPDATA data, LPWSAPROTOCOL_INFOW, WSPUPCALLTABLE table,
                                 LPWSPPROC_TABLE procedures) {
    using namespace base_provider;
    if (version < MAKEWORD(2, 2)) return WSAVERNOTSUPPORTED;
    AcquireSRWLockExclusive(&lock);
    const int error = startups == 0 ? startFirst(table) : 0;
    if (!error) startups++;
    ReleaseSRWLockExclusive(&lock);
    if (error) return error;
    data->wVersion = data->wHighVersion = MAKEWORD(2, 2);
    lstrcpyW(data->szDescription, L"test Winsock base provider");
    *procedures = isVariable(L"TEST_WINSOCK_BASE", L"null") ? NullTable() : WineTable();
    procedures->lpWSPCleanup = wspCleanup;
    return 0;
}
