// Waiting for sockets.
#include "dispatch.h"
#include "pointers.h"
#include "system_winsock.h"

namespace test_winsock {
WINSOCK_EXPORT(int, WSAEventSelect, SOCKET socket, WSAEVENT event, __LONG32 events) {
    return dispatch<&WSPPROC_TABLE::lpWSPEventSelect>(socket, event, events);
}

WINSOCK_EXPORT(int, WSAAsyncSelect, SOCKET socket, HWND window, u_int message, __LONG32 events) {
    return dispatch<&WSPPROC_TABLE::lpWSPAsyncSelect>(socket, window, message, events);
}

WINSOCK_EXPORT(int, WSAEnumNetworkEvents, SOCKET socket, WSAEVENT event, LPWSANETWORKEVENTS events) {
    return dispatch<&WSPPROC_TABLE::lpWSPEnumNetworkEvents>(socket, event, events);
}

// The provider of the first socket is asked about all of them.
WINSOCK_EXPORT(int, select, int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
               const struct timeval* timeout) {
    if (!IsStarted()) return fail(WSANOTINITIALISED);
    for (fd_set* set : {readable, writable, exceptional}) {
        if (!set) continue;
        if (!canRead(set)) return fail(WSAEFAULT);
        if (set->fd_count == 0) continue;
        const WSPPROC_TABLE* table = tableOf(set->fd_array[0]);
        if (!table) return SOCKET_ERROR;
        int error = 0;
        const int ready =
            table->lpWSPSelect(count, readable, writable, exceptional, const_cast<PTIMEVAL>(timeout), &error);
        return ready == SOCKET_ERROR ? fail(error) : ready;
    }
    return fail(WSAEINVAL);
}

// As on Windows: not a provider's call, but every socket's provider names the base handle to poll
// (Microsoft, "SIO_BSP_HANDLE_POLL"), and the base provider's stack does it.
WINSOCK_EXPORT(int, WSAPoll, LPWSAPOLLFD sockets, ULONG count, INT timeout) {
    if (!IsStarted()) return fail(WSANOTINITIALISED);
    if (count == 0) return fail(WSAEINVAL);
    if (!canWrite(sockets, count)) return fail(WSAEFAULT);
    std::vector<WSAPOLLFD> base(sockets, sockets + count);
    for (WSAPOLLFD& each : base) {
        SOCKET handle = INVALID_SOCKET;
        DWORD returned = 0;
        if (each.fd != INVALID_SOCKET &&
            dispatch<&WSPPROC_TABLE::lpWSPIoctl>(
                each.fd, static_cast<DWORD>(SIO_BSP_HANDLE_POLL), static_cast<void*>(nullptr), DWORD{0},
                static_cast<void*>(&handle), static_cast<DWORD>(sizeof handle), &returned,
                static_cast<LPWSAOVERLAPPED>(nullptr), static_cast<LPWSAOVERLAPPED_COMPLETION_ROUTINE>(nullptr),
                static_cast<LPWSATHREADID>(nullptr)) == 0)
            each.fd = handle;
    }
    const int ready = systemWinsock.WSAPoll(base.data(), count, timeout);
    for (ULONG i = 0; i < count; i++) sockets[i].revents = base[i].revents;
    return ready;
}
}  // namespace test_winsock
