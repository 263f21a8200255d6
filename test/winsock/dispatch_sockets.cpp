// Sockets come and go.
#include "dispatch.h"
#include "enum_protocols.h"
#include "pointers.h"

namespace test_winsock {
namespace {
SOCKET createThrough(ProtocolItem& item, int family, int type, int protocol, WSAPROTOCOL_INFOW* given, GROUP group,
                     DWORD flags, int& error) {
    error = StartProvider(item);
    if (error) return INVALID_SOCKET;
    WSAPROTOCOL_INFOW info = given ? *given : item.info();
    return item.provider->table.lpWSPSocket(family, type, protocol, &info, group, flags, &error);
}

SOCKET create(int family, int type, int protocol, WSAPROTOCOL_INFOW* given, GROUP group, DWORD flags, int& error) {
    if (!IsStarted()) {
        error = WSANOTINITIALISED;
        return INVALID_SOCKET;
    }
    RefreshProtocolItems();
    if (given) {
        ProtocolItem* item = FindProtocolItem(given->dwCatalogEntryId);
        if (!item) {
            error = WSAEINVAL;
            return INVALID_SOCKET;
        }
        return createThrough(*item, family == FROM_PROTOCOL_INFO ? given->iAddressFamily : family,
                             type == FROM_PROTOCOL_INFO ? given->iSocketType : type,
                             protocol == FROM_PROTOCOL_INFO ? given->iProtocol : protocol, given, group, flags, error);
    }
    // A provider that answers WSAEINPROGRESS asks for the next one to be tried.
    const ProtocolItem* tried = nullptr;
    for (;;) {
        ProtocolItem* item = SelectProtocolItem(family, type, protocol, tried, error);
        if (!item) return INVALID_SOCKET;
        const SOCKET socket = createThrough(*item, family, type, protocol, nullptr, group, flags, error);
        if (socket != INVALID_SOCKET || error != WSAEINPROGRESS) return socket;
        tried = item;
    }
}

SOCKET createForProgram(int family, int type, int protocol, WSAPROTOCOL_INFOW* given, GROUP group, DWORD flags) {
    int error = 0;
    const SOCKET socket = create(family, type, protocol, given, group, flags, error);
    if (socket == INVALID_SOCKET) SetLastError(error);
    return socket;
}
}  // namespace

WINSOCK_EXPORT(SOCKET, socket, int family, int type, int protocol) {
    return createForProgram(family, type, protocol, nullptr, 0, WSA_FLAG_OVERLAPPED);
}

WINSOCK_EXPORT(SOCKET, WSASocketW, int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP group,
               DWORD flags) {
    if (info && !canRead(info)) {
        SetLastError(WSAEFAULT);
        return INVALID_SOCKET;
    }
    return createForProgram(family, type, protocol, info, group, flags);
}

WINSOCK_EXPORT(SOCKET, WSASocketA, int family, int type, int protocol, LPWSAPROTOCOL_INFOA info, GROUP group,
               DWORD flags) {
    if (info && !canRead(info)) {
        SetLastError(WSAEFAULT);
        return INVALID_SOCKET;
    }
    WSAPROTOCOL_INFOW wide;
    if (info) ProtocolInfoToWide(*info, wide);
    return createForProgram(family, type, protocol, info ? &wide : nullptr, group, flags);
}

WINSOCK_EXPORT(int, closesocket, SOCKET socket) {
    const WSPPROC_TABLE* table = tableOf(socket);
    if (!table) return SOCKET_ERROR;
    // Forgotten first: once the provider has closed it, another thread may be given the same handle value.
    ProtocolItem* item = TakeSocketItem(socket);
    int error = 0;
    if (table->lpWSPCloseSocket(socket, &error) == 0) return 0;
    if (error != WSAENOTSOCK && item) SetSocketItem(socket, item);
    return fail(error);
}

WINSOCK_EXPORT(SOCKET, WSAAccept, SOCKET socket, struct sockaddr* address, LPINT length, LPCONDITIONPROC condition,
               DWORD_PTR data) {
    return dispatchSocket<&WSPPROC_TABLE::lpWSPAccept>(socket, address, length, condition, data);
}

WINSOCK_EXPORT(SOCKET, accept, SOCKET socket, struct sockaddr* address, int* length) {
    return dispatchSocket<&WSPPROC_TABLE::lpWSPAccept>(socket, address, length, static_cast<LPCONDITIONPROC>(nullptr),
                                                       DWORD_PTR{0});
}

WINSOCK_EXPORT(SOCKET, WSAJoinLeaf, SOCKET socket, const struct sockaddr* name, int length, LPWSABUF callerData,
               LPWSABUF calleeData, LPQOS sendQos, LPQOS groupQos, DWORD flags) {
    return dispatchSocket<&WSPPROC_TABLE::lpWSPJoinLeaf>(socket, name, length, callerData, calleeData, sendQos,
                                                         groupQos, flags);
}

WINSOCK_EXPORT(int, WSADuplicateSocketW, SOCKET socket, DWORD processId, LPWSAPROTOCOL_INFOW info) {
    if (!canWrite(info)) return fail(WSAEFAULT);
    return dispatch<&WSPPROC_TABLE::lpWSPDuplicateSocket>(socket, processId, info);
}

WINSOCK_EXPORT(int, WSADuplicateSocketA, SOCKET socket, DWORD processId, LPWSAPROTOCOL_INFOA info) {
    if (!canWrite(info)) return fail(WSAEFAULT);
    WSAPROTOCOL_INFOW wide;
    const int result = dispatch<&WSPPROC_TABLE::lpWSPDuplicateSocket>(socket, processId, &wide);
    if (result == 0) ProtocolInfoToAnsi(wide, *info);
    return result;
}
}  // namespace test_winsock
