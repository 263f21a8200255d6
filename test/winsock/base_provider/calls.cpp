// The procedure table over Wine's Winsock. Wine's handles are the file system's, so they are ours too.
#include <algorithm>
#include <cstring>

#include "answers.h"
#include "arguments.h"
#include "extensions.h"
#include "local_address.h"
#include "protocol_info.h"
#include "provider.h"
#include "raw_socket.h"
#include "recording.h"
#include "unicast_interface.h"

namespace base_provider {
namespace {
SOCKET registerHandle(SOCKET socket, DWORD entryId, LPINT error) {
    return upcalls.lpWPUModifyIFSHandle(entryId, socket, error);
}

// How Wine's WSADuplicateSocket hands a handle over (dlls/ws2_32/socket.c): in dwServiceFlags3, with this mark.
// Windows uses dwProviderReserved, and so does this provider; Wine knows only sockets that came back through
// its own WSASocket.
constexpr DWORD wineDuplicateMark = 0xff00ff00;

SOCKET adoptDuplicate(DWORD handle) {
    WSAPROTOCOL_INFOW info{};
    info.dwServiceFlags3 = handle;
    info.dwServiceFlags4 = wineDuplicateMark;
    return systemWinsock.WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, 0);
}

SOCKET WSPAPI wspSocket(int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP, DWORD flags, LPINT error) {
    if (info) {
        family = family == AF_UNSPEC ? info->iAddressFamily : family;
        type = type == 0 ? info->iSocketType : type;
        protocol = protocol == 0 ? info->iProtocol : protocol;
    }
    Record record("socket", 0);
    record.Number("family", family).Number("type", type).Number("protocol", protocol).Begin();
    SOCKET socket = info && info->dwProviderReserved
                        ? adoptDuplicate(info->dwProviderReserved)
                        : systemWinsock.WSASocketW(family, type, protocol, nullptr, 0, flags);
    finish(socket, INVALID_SOCKET, error);
    if (socket != INVALID_SOCKET) {
        ForgetUnicastInterface(socket);
        const int index = FindBaseEntry(family, type);
        const DWORD entryId = info ? info->dwCatalogEntryId : index < 0 ? 0 : BaseEntry(index).dwCatalogEntryId;
        if (registerHandle(socket, entryId, error) == INVALID_SOCKET) {
            systemWinsock.closesocket(socket);
            socket = INVALID_SOCKET;
        }
    }
    record.End(static_cast<long long>(socket), socket == INVALID_SOCKET ? *error : 0);
    return socket;
}

SOCKET WSPAPI wspAccept(SOCKET socket, struct sockaddr* address, LPINT length, LPCONDITIONPROC condition,
                        DWORD_PTR data, LPINT error) {
    if (!IsWritableAddress(address, length, false)) return static_cast<SOCKET>(Fault(error));

    const SOCKET accepted =
        finish(systemWinsock.WSAAccept(socket, address, length, condition, data), INVALID_SOCKET, error);
    if (accepted == INVALID_SOCKET) return INVALID_SOCKET;
    const WSAPROTOCOL_INFOW* entry = SocketEntry(accepted);
    return entry ? registerHandle(accepted, entry->dwCatalogEntryId, error)
                 : finish(INVALID_SOCKET, INVALID_SOCKET, error);
}

int WSPAPI wspCloseSocket(SOCKET socket, LPINT error) {
    Record record("close", socket);
    record.Begin();
    const int result = finish(systemWinsock.closesocket(socket), error);
    record.End(result, result ? *error : 0);
    return result;
}

int WSPAPI wspDuplicateSocket(SOCKET socket, DWORD processId, LPWSAPROTOCOL_INFOW info, LPINT error) {
    WSAPROTOCOL_INFOW duplicated{};
    const WSAPROTOCOL_INFOW* entry = SocketEntry(socket);
    if (!entry || systemWinsock.WSADuplicateSocketW(socket, processId, &duplicated) != 0)
        return finish(SOCKET_ERROR, error);
    *info = *entry;
    info->dwProviderReserved = duplicated.dwServiceFlags3;
    return 0;
}

int WSPAPI wspBind(SOCKET socket, const struct sockaddr* name, int length, LPINT error) {
    if (!IsReadableAddress(name, length)) return Fault(error);

    Record record("bind", socket);
    record.Address(name, length).Begin();
    int result = SOCKET_ERROR;
    if (const int told = AnswerFor("bind")) {
        SetLastError(told);
    } else if (IsBindable(name, length)) {
        result = systemWinsock.bind(socket, name, length);
    }
    finish(result, error);
    record.End(result, result ? *error : 0);
    return result;
}

int WSPAPI wspConnect(SOCKET socket, const struct sockaddr* name, int length, LPWSABUF callerData, LPWSABUF calleeData,
                      LPQOS sendQos, LPQOS groupQos, LPINT error) {
    if (!IsReadableAddress(name, length)) return Fault(error);

    Record record("connect", socket);
    record.Address(name, length).Begin();
    const int result =
        finish(systemWinsock.WSAConnect(socket, name, length, callerData, calleeData, sendQos, groupQos), error);
    record.End(result, result ? *error : 0);
    return result;
}

int WSPAPI wspListen(SOCKET socket, int backlog, LPINT error) {
    Record record("listen", socket);
    record.Number("backlog", backlog).Begin();
    const int result = finish(systemWinsock.listen(socket, backlog), error);
    record.End(result, result ? *error : 0);
    return result;
}

SOCKET WSPAPI wspJoinLeaf(SOCKET socket, const struct sockaddr* name, int length, LPWSABUF callerData,
                          LPWSABUF calleeData, LPQOS sendQos, LPQOS groupQos, DWORD flags, LPINT error) {
    Record record("joinleaf", socket);
    record.Address(name, length).Begin();
    SetLastError(WSAEOPNOTSUPP);  // Wine's is a stub that tells no reason
    const SOCKET result =
        finish(systemWinsock.WSAJoinLeaf(socket, name, length, callerData, calleeData, sendQos, groupQos, flags),
               INVALID_SOCKET, error);
    record.End(static_cast<long long>(result), result == INVALID_SOCKET ? *error : 0);
    return result;
}

int WSPAPI wspGetSockOpt(SOCKET socket, int level, int option, char* value, LPINT length, LPINT error) {
    if (!IsWritable(length, sizeof *length) || !IsWritable(value, *length > 0 ? static_cast<std::size_t>(*length) : 0))
        return Fault(error);

    if (IsUnicastInterface(level, option) && length)
        return finish(GetUnicastInterface(socket, level, value, length), error);
    if (level != SOL_SOCKET || option != SO_PROTOCOL_INFOW)
        return finish(systemWinsock.getsockopt(socket, level, option, value, length), error);
    // Wine's answer would not carry our catalog's entry id.
    const WSAPROTOCOL_INFOW* entry = SocketEntry(socket);
    if (!entry) return finish(SOCKET_ERROR, error);
    if (!length || *length < static_cast<int>(sizeof *entry) || IsBadWritePtr(value, sizeof *entry)) {
        *error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    std::memcpy(value, entry, sizeof *entry);
    *length = sizeof *entry;
    return 0;
}

int WSPAPI wspSetSockOpt(SOCKET socket, int level, int option, const char* value, int length, LPINT error) {
    if (!IsReadable(value, length > 0 ? static_cast<std::size_t>(length) : 0)) return Fault(error);

    Record record("setsockopt", socket);
    record.Number("level", level).Number("option", option);
    record.Bytes("value", value, static_cast<std::size_t>(std::max(length, 0))).Begin();
    int result = SOCKET_ERROR;
    if (const int told = AnswerFor("setsockopt", level, option)) {
        SetLastError(told);
    } else if (IsUnicastInterface(level, option)) {
        result = SetUnicastInterface(socket, level, value, length);
    } else {
        result = systemWinsock.setsockopt(socket, level, option, value, length);
    }
    finish(result, error);
    record.End(result, result ? *error : 0);
    return result;
}

// The socket itself is what a base provider answers to "which handle is below?".
int answerBaseHandle(SOCKET socket, void* output, DWORD outputLength, DWORD* returned) {
    if (!SocketEntry(socket)) return SOCKET_ERROR;
    if (outputLength < sizeof socket || IsBadWritePtr(output, sizeof socket) || !returned) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    std::memcpy(output, &socket, sizeof socket);
    *returned = sizeof socket;
    return 0;
}

int WSPAPI wspIoctl(SOCKET socket, DWORD code, LPVOID input, DWORD inputLength, LPVOID output, DWORD outputLength,
                    LPDWORD returned, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine,
                    LPWSATHREADID, LPINT error) {
    if (!IsReadable(input, inputLength) || !IsWritable(output, outputLength)) return Fault(error);

    Record record("ioctl", socket);
    record.Number("code", code).Bytes("value", input, inputLength).Begin();
    int result;
    switch (code) {
        case static_cast<DWORD>(SIO_GET_EXTENSION_FUNCTION_POINTER):
            result = GetExtensionFunction(socket, input, inputLength, output, outputLength, returned);
            break;
        case static_cast<DWORD>(SIO_BASE_HANDLE):
        case static_cast<DWORD>(SIO_BSP_HANDLE):
        case static_cast<DWORD>(SIO_BSP_HANDLE_SELECT):
        case static_cast<DWORD>(SIO_BSP_HANDLE_POLL):
            result = answerBaseHandle(socket, output, outputLength, returned);
            break;
        default:
            result = systemWinsock.WSAIoctl(socket, code, input, inputLength, output, outputLength, returned,
                                            overlapped, routine);
    }
    finish(result, error);
    record.End(result, result ? *error : 0);
    return result;
}

int WSPAPI wspSendTo(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD flags, const struct sockaddr* to,
                     int toLength, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine,
                     LPWSATHREADID, LPINT error) {
    if (!AreReadableBuffers(buffers, count) || (to && !IsReadableAddress(to, toLength))) return Fault(error);

    Record record("sendto", socket);
    record.Address(to, toLength).Begin();
    BindRawSocket(socket);
    const int result =
        finish(systemWinsock.WSASendTo(socket, buffers, count, sent, flags, to, toLength, overlapped, routine), error);
    record.End(result, result ? *error : 0);
    return result;
}

int WSPAPI wspSend(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD flags, LPWSAOVERLAPPED overlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine, LPWSATHREADID, LPINT error) {
    if (!AreReadableBuffers(buffers, count)) return Fault(error);

    return finish(systemWinsock.WSASend(socket, buffers, count, sent, flags, overlapped, routine), error);
}

int WSPAPI wspRecv(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD flags,
                   LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine, LPWSATHREADID, LPINT error) {
    if (!AreReadableBuffers(buffers, count) || !IsWritable(flags, sizeof *flags)) return Fault(error);

    return finish(systemWinsock.WSARecv(socket, buffers, count, received, flags, overlapped, routine), error);
}

int WSPAPI wspRecvFrom(SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD flags,
                       struct sockaddr* from, LPINT fromLength, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine, LPWSATHREADID, LPINT error) {
    if (!AreReadableBuffers(buffers, count) || !IsWritable(flags, sizeof *flags) ||
        !IsWritableAddress(from, fromLength, false))
        return Fault(error);

    return finish(
        systemWinsock.WSARecvFrom(socket, buffers, count, received, flags, from, fromLength, overlapped, routine),
        error);
}

int WSPAPI wspSelect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const PTIMEVAL timeout,
                     LPINT error) {
    for (fd_set* set : {readable, writable, exceptional})
        if (set && !IsWritableSet(set)) return Fault(error);
    if (timeout && !IsReadable(timeout, sizeof *timeout)) return Fault(error);

    return finish(systemWinsock.select(count, readable, writable, exceptional, timeout), error);
}

BOOL WSPAPI wspGetOverlappedResult(SOCKET socket, LPWSAOVERLAPPED overlapped, LPDWORD transferred, BOOL wait,
                                   LPDWORD flags, LPINT error) {
    return finish(systemWinsock.WSAGetOverlappedResult(socket, overlapped, transferred, wait, flags), FALSE, error);
}

BOOL WSPAPI wspGetQosByName(SOCKET socket, LPWSABUF name, LPQOS qos, LPINT error) {
    return finish(systemWinsock.WSAGetQOSByName(socket, name, qos), FALSE, error);
}

int WSPAPI wspCancelBlockingCall(LPINT error) {
    *error = WSAEOPNOTSUPP;
    return SOCKET_ERROR;
}

int WSPAPI wspShutdown(SOCKET s, int how, LPINT error) { return finish(systemWinsock.shutdown(s, how), error); }

int WSPAPI wspGetSockName(SOCKET s, struct sockaddr* name, LPINT length, LPINT error) {
    if (!IsWritableAddress(name, length, true)) return Fault(error);

    return finish(systemWinsock.getsockname(s, name, length), error);
}

int WSPAPI wspGetPeerName(SOCKET s, struct sockaddr* name, LPINT length, LPINT error) {
    if (!IsWritableAddress(name, length, true)) return Fault(error);

    return finish(systemWinsock.getpeername(s, name, length), error);
}

int WSPAPI wspAsyncSelect(SOCKET s, HWND window, unsigned int message, __LONG32 events, LPINT error) {
    return finish(systemWinsock.WSAAsyncSelect(s, window, message, events), error);
}

int WSPAPI wspEventSelect(SOCKET s, WSAEVENT event, __LONG32 events, LPINT error) {
    return finish(systemWinsock.WSAEventSelect(s, event, events), error);
}

int WSPAPI wspEnumNetworkEvents(SOCKET s, WSAEVENT event, LPWSANETWORKEVENTS events, LPINT error) {
    return finish(systemWinsock.WSAEnumNetworkEvents(s, event, events), error);
}

int WSPAPI wspSendDisconnect(SOCKET s, LPWSABUF data, LPINT error) {
    return finish(systemWinsock.WSASendDisconnect(s, data), error);
}

int WSPAPI wspRecvDisconnect(SOCKET s, LPWSABUF data, LPINT error) {
    return finish(systemWinsock.WSARecvDisconnect(s, data), error);
}

INT WSPAPI wspAddressToString(LPSOCKADDR address, DWORD length, LPWSAPROTOCOL_INFOW, LPWSTR text, LPDWORD textLength,
                              LPINT error) {
    return finish(systemWinsock.WSAAddressToStringW(address, length, nullptr, text, textLength), error);
}

INT WSPAPI wspStringToAddress(LPWSTR text, INT family, LPWSAPROTOCOL_INFOW, LPSOCKADDR address, LPINT length,
                              LPINT error) {
    return finish(systemWinsock.WSAStringToAddressW(text, family, nullptr, address, length), error);
}
}  // namespace

const WSPPROC_TABLE& WineTable() {
    static const WSPPROC_TABLE table = {
        wspAccept,
        wspAddressToString,
        wspAsyncSelect,
        wspBind,
        wspCancelBlockingCall,
        nullptr,
        wspCloseSocket,
        wspConnect,
        wspDuplicateSocket,
        wspEnumNetworkEvents,
        wspEventSelect,
        wspGetOverlappedResult,
        wspGetPeerName,
        wspGetSockName,
        wspGetSockOpt,
        wspGetQosByName,
        wspIoctl,
        wspJoinLeaf,
        wspListen,
        wspRecv,
        wspRecvDisconnect,
        wspRecvFrom,
        wspSelect,
        wspSend,
        wspSendDisconnect,
        wspSendTo,
        wspSetSockOpt,
        wspShutdown,
        wspSocket,
        wspStringToAddress,
    };
    return table;
}
}  // namespace base_provider
