// What the socket driver (AFD) and the I/O manager do beyond Winsock, by the calls that libuv, wepoll and mio rest on.
#pragma once

#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

namespace lsp::system {

// Makes `overlapped` a pending request of the socket `s`, as ConnectEx would: the kernel completes it, with success,
// when `watched` is closed, on the completion port that `s` has, with its key, or by the event. The number of bytes
// means nothing then. It ends earlier, with an error, if it is cancelled. False if it cannot be had, for instance of a
// handle that is not the driver's; then nothing is pending. IOCTL_AFD_POLL.
bool complete_at_close(SOCKET s, OVERLAPPED& overlapped, SOCKET watched) noexcept;

// Whether the handle was opened for calls that wait (WSASocket without WSA_FLAG_OVERLAPPED). FileModeInformation.
bool is_synchronous(SOCKET s) noexcept;

// CancelIoEx, whose result nobody needs; nothing on NT 5, which has none.
void cancel_request(SOCKET s, OVERLAPPED* overlapped) noexcept;

}  // namespace lsp::system
