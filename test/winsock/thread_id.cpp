#include "thread_id.h"

#include <new>

namespace test_winsock {
namespace {
DWORD slot = TLS_OUT_OF_INDEXES;
}

bool InitializeThreadIds() {
    slot = TlsAlloc();
    return slot != TLS_OUT_OF_INDEXES;
}

void FreeThreadId() {
    if (auto* id = static_cast<WSATHREADID*>(TlsGetValue(slot))) {
        CloseHandle(id->ThreadHandle);
        delete id;
        TlsSetValue(slot, nullptr);
    }
}

WSATHREADID* CurrentThreadId() {
    if (auto* id = static_cast<WSATHREADID*>(TlsGetValue(slot))) return id;
    auto* id = new (std::nothrow) WSATHREADID{};
    if (!id) return nullptr;
    id->ThreadHandle = OpenThread(THREAD_SET_CONTEXT, FALSE, GetCurrentThreadId());
    TlsSetValue(slot, id);
    return id;
}
}  // namespace test_winsock
