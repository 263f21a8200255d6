// Where a socket is, and to whom it speaks.
#include "dispatch.h"
#include "system_winsock.h"

namespace test_winsock {
WINSOCK_EXPORT(int, bind, SOCKET socket, const struct sockaddr* name, int length) {
    return dispatch<&WSPPROC_TABLE::lpWSPBind>(socket, name, length);
}

WINSOCK_EXPORT(int, WSAConnect, SOCKET socket, const struct sockaddr* name, int length, LPWSABUF callerData,
               LPWSABUF calleeData, LPQOS sendQos, LPQOS groupQos) {
    return dispatch<&WSPPROC_TABLE::lpWSPConnect>(socket, name, length, callerData, calleeData, sendQos, groupQos);
}

WINSOCK_EXPORT(int, connect, SOCKET socket, const struct sockaddr* name, int length) {
    return own_WSAConnect(socket, name, length, nullptr, nullptr, nullptr, nullptr);
}

WINSOCK_EXPORT(int, listen, SOCKET socket, int backlog) {
    return dispatch<&WSPPROC_TABLE::lpWSPListen>(socket, backlog);
}

WINSOCK_EXPORT(int, shutdown, SOCKET socket, int how) { return dispatch<&WSPPROC_TABLE::lpWSPShutdown>(socket, how); }

WINSOCK_EXPORT(int, getpeername, SOCKET socket, struct sockaddr* name, int* length) {
    return dispatch<&WSPPROC_TABLE::lpWSPGetPeerName>(socket, name, length);
}

WINSOCK_EXPORT(int, getsockname, SOCKET socket, struct sockaddr* name, int* length) {
    return dispatch<&WSPPROC_TABLE::lpWSPGetSockName>(socket, name, length);
}

namespace {
void copyName(int(WSAAPI* getName)(SOCKET, struct sockaddr*, int*), SOCKET socket, DWORD* length, SOCKADDR* address) {
    if (!length || !address) return;
    int room = static_cast<int>(*length);
    if (getName(socket, address, &room) == 0) *length = static_cast<DWORD>(room);
}

std::wstring widen(const char* text) {
    wchar_t wide[1025] = {};
    if (text) MultiByteToWideChar(CP_ACP, 0, text, -1, wide, 1024);
    return wide;
}
}  // namespace

// One attempt per address, each with the system's own time limit: timeout is not honoured.
WINSOCK_EXPORT(BOOL, WSAConnectByNameW, SOCKET socket, LPWSTR node, LPWSTR service, LPDWORD localLength,
               LPSOCKADDR localAddress, LPDWORD remoteLength, LPSOCKADDR remoteAddress, const struct timeval*,
               LPWSAOVERLAPPED) {
    ADDRINFOW* addresses = nullptr;
    ADDRINFOW hints{};
    hints.ai_socktype = SOCK_STREAM;
    if (const int error = systemWinsock.GetAddrInfoW(node, service, &hints, &addresses)) {
        SetLastError(error);
        return FALSE;
    }
    bool connected = false;
    for (ADDRINFOW* each = addresses; each && !connected; each = each->ai_next)
        connected = own_connect(socket, each->ai_addr, static_cast<int>(each->ai_addrlen)) == 0;
    systemWinsock.FreeAddrInfoW(addresses);
    if (connected) {
        copyName(own_getsockname, socket, localLength, localAddress);
        copyName(own_getpeername, socket, remoteLength, remoteAddress);
    }
    return connected;
}

WINSOCK_EXPORT(BOOL, WSAConnectByNameA, SOCKET socket, LPCSTR node, LPCSTR service, LPDWORD localLength,
               LPSOCKADDR localAddress, LPDWORD remoteLength, LPSOCKADDR remoteAddress, const struct timeval* timeout,
               LPWSAOVERLAPPED overlapped) {
    std::wstring wideNode = widen(node);
    std::wstring wideService = widen(service);
    return own_WSAConnectByNameW(socket, wideNode.data(), wideService.data(), localLength, localAddress, remoteLength,
                                 remoteAddress, timeout, overlapped);
}
}  // namespace test_winsock
