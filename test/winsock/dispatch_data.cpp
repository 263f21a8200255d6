// Sending and receiving.
#include <mswsock.h>

#include "dispatch.h"

namespace test_winsock {
namespace {
// Winsock 1 calls become the provider's, with one buffer and no OVERLAPPED.
WSABUF oneBuffer(const char* data, int length) { return {static_cast<ULONG>(length), const_cast<char*>(data)}; }

constexpr LPWSAOVERLAPPED noOverlapped = nullptr;
constexpr LPWSAOVERLAPPED_COMPLETION_ROUTINE noRoutine = nullptr;

WSATHREADID* threadFor(const WSAOVERLAPPED* overlapped) { return overlapped ? CurrentThreadId() : nullptr; }
}  // namespace

WINSOCK_EXPORT(int, WSARecv, SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD flags,
               LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    return dispatch<&WSPPROC_TABLE::lpWSPRecv>(socket, buffers, count, received, flags, overlapped, routine,
                                               threadFor(overlapped));
}

WINSOCK_EXPORT(int, recv, SOCKET socket, char* data, int length, int flags) {
    WSABUF buffer = oneBuffer(data, length);
    DWORD received = 0;
    DWORD wideFlags = static_cast<DWORD>(flags);
    const int result = dispatch<&WSPPROC_TABLE::lpWSPRecv>(socket, &buffer, 1ul, &received, &wideFlags, noOverlapped,
                                                           noRoutine, threadFor(nullptr));
    return result == 0 ? static_cast<int>(received) : SOCKET_ERROR;
}

WINSOCK_EXPORT(int, WSARecvFrom, SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD flags,
               struct sockaddr* from, LPINT fromLength, LPWSAOVERLAPPED overlapped,
               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    return dispatch<&WSPPROC_TABLE::lpWSPRecvFrom>(socket, buffers, count, received, flags, from, fromLength,
                                                   overlapped, routine, threadFor(overlapped));
}

WINSOCK_EXPORT(int, recvfrom, SOCKET socket, char* data, int length, int flags, struct sockaddr* from,
               int* fromLength) {
    WSABUF buffer = oneBuffer(data, length);
    DWORD received = 0;
    DWORD wideFlags = static_cast<DWORD>(flags);
    const int result = dispatch<&WSPPROC_TABLE::lpWSPRecvFrom>(socket, &buffer, 1ul, &received, &wideFlags, from,
                                                               fromLength, noOverlapped, noRoutine, threadFor(nullptr));
    return result == 0 ? static_cast<int>(received) : SOCKET_ERROR;
}

WINSOCK_EXPORT(int, WSASend, SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD flags,
               LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    return dispatch<&WSPPROC_TABLE::lpWSPSend>(socket, buffers, count, sent, flags, overlapped, routine,
                                               threadFor(overlapped));
}

WINSOCK_EXPORT(int, send, SOCKET socket, const char* data, int length, int flags) {
    WSABUF buffer = oneBuffer(data, length);
    DWORD sent = 0;
    const int result = dispatch<&WSPPROC_TABLE::lpWSPSend>(socket, &buffer, 1ul, &sent, static_cast<DWORD>(flags),
                                                           noOverlapped, noRoutine, threadFor(nullptr));
    return result == 0 ? static_cast<int>(sent) : SOCKET_ERROR;
}

WINSOCK_EXPORT(int, WSASendTo, SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD flags,
               const struct sockaddr* to, int toLength, LPWSAOVERLAPPED overlapped,
               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    return dispatch<&WSPPROC_TABLE::lpWSPSendTo>(socket, buffers, count, sent, flags, to, toLength, overlapped, routine,
                                                 threadFor(overlapped));
}

WINSOCK_EXPORT(int, sendto, SOCKET socket, const char* data, int length, int flags, const struct sockaddr* to,
               int toLength) {
    WSABUF buffer = oneBuffer(data, length);
    DWORD sent = 0;
    const int result = dispatch<&WSPPROC_TABLE::lpWSPSendTo>(socket, &buffer, 1ul, &sent, static_cast<DWORD>(flags), to,
                                                             toLength, noOverlapped, noRoutine, threadFor(nullptr));
    return result == 0 ? static_cast<int>(sent) : SOCKET_ERROR;
}

WINSOCK_EXPORT(int, WSASendDisconnect, SOCKET socket, LPWSABUF data) {
    return dispatch<&WSPPROC_TABLE::lpWSPSendDisconnect>(socket, data);
}

WINSOCK_EXPORT(int, WSARecvDisconnect, SOCKET socket, LPWSABUF data) {
    return dispatch<&WSPPROC_TABLE::lpWSPRecvDisconnect>(socket, data);
}

// There is no WSPSendMsg: Windows asks the provider for its extension function.
WINSOCK_EXPORT(int, WSASendMsg, SOCKET socket, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED overlapped,
               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    GUID id = WSAID_WSASENDMSG;
    LPFN_WSASENDMSG sendMessage = nullptr;
    DWORD returned = 0;
    const int found = dispatch<&WSPPROC_TABLE::lpWSPIoctl>(
        socket, static_cast<DWORD>(SIO_GET_EXTENSION_FUNCTION_POINTER), static_cast<void*>(&id),
        static_cast<DWORD>(sizeof id), static_cast<void*>(&sendMessage), static_cast<DWORD>(sizeof sendMessage),
        &returned, noOverlapped, noRoutine, threadFor(nullptr));
    return found == 0 ? sendMessage(socket, message, flags, sent, overlapped, routine) : SOCKET_ERROR;
}

WINSOCK_EXPORT(BOOL, WSAGetOverlappedResult, SOCKET socket, LPWSAOVERLAPPED overlapped, LPDWORD transferred, BOOL wait,
               LPDWORD flags) {
    return dispatchBool<&WSPPROC_TABLE::lpWSPGetOverlappedResult>(socket, overlapped, transferred, wait, flags);
}
}  // namespace test_winsock
