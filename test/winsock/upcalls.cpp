#include "upcalls.h"

#include "catalog_store.h"
#include "handles.h"
#include "pointers.h"
#include "startup.h"
#include "system_winsock.h"

namespace test_winsock {
namespace {
template <typename Result>
Result refuse(Result result, int code, LPINT error) {
    *error = code;
    return result;
}

BOOL fromEvent(BOOL result, LPINT error) { return result ? TRUE : refuse(FALSE, WSA_INVALID_HANDLE, error); }

BOOL WSPAPI closeEvent(WSAEVENT event, LPINT error) { return fromEvent(CloseHandle(event), error); }
BOOL WSPAPI setEvent(WSAEVENT event, LPINT error) { return fromEvent(SetEvent(event), error); }
BOOL WSPAPI resetEvent(WSAEVENT event, LPINT error) { return fromEvent(ResetEvent(event), error); }

WSAEVENT WSPAPI createEvent(LPINT error) {
    WSAEVENT event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    return event ? event : refuse(WSA_INVALID_EVENT, WSA_NOT_ENOUGH_MEMORY, error);
}

// Handles that are not the file system's are what these three are for; the test Winsock has none.
SOCKET WSPAPI createSocketHandle(DWORD, DWORD_PTR, LPINT error) { return refuse(INVALID_SOCKET, WSAEOPNOTSUPP, error); }
int WSPAPI closeSocketHandle(SOCKET, LPINT error) { return refuse(SOCKET_ERROR, WSAEOPNOTSUPP, error); }
int WSPAPI querySocketHandleContext(SOCKET, PDWORD_PTR, LPINT error) {
    return refuse(SOCKET_ERROR, WSAENOTSOCK, error);
}

int WSPAPI isSet(SOCKET socket, fd_set* set) { return systemWinsock.__WSAFDIsSet(socket, set); }

int WSPAPI getProviderPath(LPGUID provider, WCHAR* path, LPINT length, LPINT error) {
    RefreshProtocolItems();
    for (const ProtocolItem* item : ProtocolItems())
        if (IsEqualGUID(item->info().ProviderId, *provider)) {
            const int needed = static_cast<int>(item->provider->path.size()) + 1;
            if (*length < needed) return refuse(SOCKET_ERROR, WSAEFAULT, error);
            lstrcpyW(path, item->provider->path.c_str());
            *length = needed;
            return 0;
        }
    return refuse(SOCKET_ERROR, WSAEINVAL, error);
}

SOCKET WSPAPI modifyIfsHandle(DWORD entryId, SOCKET handle, LPINT error) {
    RefreshProtocolItems();
    ProtocolItem* item = FindProtocolItem(entryId);
    if (!item) return refuse(INVALID_SOCKET, WSAEINVAL, error);
    if (!SetSocketItem(handle, item)) return refuse(INVALID_SOCKET, WSAENOBUFS, error);
    return handle;
}

BOOL WSPAPI postMessage(HWND window, UINT message, WPARAM w, LPARAM l) {
    // user32 is looked up, so that programs without windows do not get it from us.
    const HMODULE user = LoadLibraryW(L"user32.dll");
    const auto post =
        reinterpret_cast<decltype(&PostMessageW)>(reinterpret_cast<void*>(GetProcAddress(user, "PostMessageW")));
    return post && post(window, message, w, l);
}

int WSPAPI queryBlockingCallback(DWORD, LPBLOCKINGCALLBACK* callback, PDWORD_PTR context, LPINT) {
    *callback = nullptr;
    *context = 0;
    return 0;
}

int WSPAPI queueApc(LPWSATHREADID thread, LPWSAUSERAPC function, DWORD_PTR context, LPINT error) {
    if (!canRead(thread) || !QueueUserAPC(function, thread->ThreadHandle, context))
        return refuse(SOCKET_ERROR, WSAEINVAL, error);
    return 0;
}

int WSPAPI openCurrentThread(LPWSATHREADID thread, LPINT error) {
    thread->ThreadHandle = OpenThread(THREAD_SET_CONTEXT, FALSE, GetCurrentThreadId());
    thread->Reserved = 0;
    return thread->ThreadHandle ? 0 : refuse(SOCKET_ERROR, WSAEINVAL, error);
}

int WSPAPI closeThread(LPWSATHREADID thread, LPINT error) {
    return CloseHandle(thread->ThreadHandle) ? 0 : refuse(SOCKET_ERROR, WSAEINVAL, error);
}
}  // namespace

const WSPUPCALLTABLE& UpcallTable() {
    static const WSPUPCALLTABLE table = {
        closeEvent,      closeSocketHandle, createEvent, createSocketHandle,    isSet,
        getProviderPath, modifyIfsHandle,   postMessage, queryBlockingCallback, querySocketHandleContext,
        queueApc,        resetEvent,        setEvent,    openCurrentThread,     closeThread,
    };
    return table;
}
}  // namespace test_winsock
