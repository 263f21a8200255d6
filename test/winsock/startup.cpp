#include "startup.h"

#include <atomic>

#include "catalog_store.h"
#include "export_macro.h"
#include "handles.h"
#include "providers.h"
#include "system_winsock.h"
#include "thread_id.h"
#include "thunks.h"

namespace test_winsock {
namespace {
SRWLOCK lock = SRWLOCK_INIT;
std::atomic<int> startups;
ProtocolCatalog processCatalog;

// A call of a thunk whose function this system's ws2_32.dll lacks.
extern "C" void missingFunction() {
    RaiseException(static_cast<DWORD>(EXCEPTION_ILLEGAL_INSTRUCTION), EXCEPTION_NONCONTINUABLE, 0, nullptr);
}

void fillThunks() {
    for (unsigned i = 0; i < thunk_count; i++) {
        auto* function = reinterpret_cast<void*>(GetProcAddress(systemWinsock.module, thunk_names[i]));
        thunk_slots[i] = function ? function : reinterpret_cast<void*>(&missingFunction);
    }
}

int start(WORD version, WSADATA* data) {
    if (startups.load() == 0) {
        Catalogs catalogs;
        if (ReadCatalogs(catalogs) != 0) return WSASYSNOTREADY;
        processCatalog = catalogs.of(nativeBitness);
        SetProtocolItems(processCatalog);
    }
    const int error = systemWinsock.WSAStartup(version, data);
    if (!error) startups++;
    return error;
}
}  // namespace

bool IsStarted() { return startups.load(std::memory_order_acquire) > 0; }

const ProtocolCatalog& ProcessCatalog() { return processCatalog; }

WINSOCK_EXPORT(int, WSAStartup, WORD version, LPWSADATA data) {
    AcquireSRWLockExclusive(&lock);
    const int error = start(version, data);
    ReleaseSRWLockExclusive(&lock);
    return error;
}

WINSOCK_EXPORT(int, WSACleanup) {
    AcquireSRWLockExclusive(&lock);
    if (startups.load() == 0) {
        ReleaseSRWLockExclusive(&lock);
        SetLastError(WSANOTINITIALISED);
        return SOCKET_ERROR;
    }
    const bool last = --startups == 0;
    if (last) {
        CleanUpProviders();
        ForgetSocketItems();
    }
    const int result = systemWinsock.WSACleanup();
    ReleaseSRWLockExclusive(&lock);
    return result;
}
}  // namespace test_winsock

BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
    using namespace test_winsock;
    switch (reason) {
        case DLL_PROCESS_ATTACH:
            if (!LoadSystemWinsock()) return FALSE;
            fillThunks();
            return InitializeThreadIds();
        case DLL_THREAD_DETACH: FreeThreadId(); break;
    }
    return TRUE;
}
