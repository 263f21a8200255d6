// Options and ioctls.
#include "dispatch.h"
#include "enum_protocols.h"
#include "pointers.h"

namespace test_winsock {
WINSOCK_EXPORT(int, setsockopt, SOCKET socket, int level, int option, const char* value, int length) {
    return dispatch<&WSPPROC_TABLE::lpWSPSetSockOpt>(socket, level, option, value, length);
}

WINSOCK_EXPORT(int, getsockopt, SOCKET socket, int level, int option, char* value, int* length) {
    if (level != SOL_SOCKET || option != SO_PROTOCOL_INFOA)
        return dispatch<&WSPPROC_TABLE::lpWSPGetSockOpt>(socket, level, option, value, length);

    // Providers know the wide form only.
    if (!canWrite(length) || *length < static_cast<int>(sizeof(WSAPROTOCOL_INFOA)) ||
        !canWrite(value, sizeof(WSAPROTOCOL_INFOA)))
        return fail(WSAEFAULT);
    WSAPROTOCOL_INFOW wide;
    int wideLength = sizeof wide;
    const int result = dispatch<&WSPPROC_TABLE::lpWSPGetSockOpt>(socket, SOL_SOCKET, SO_PROTOCOL_INFOW,
                                                                 reinterpret_cast<char*>(&wide), &wideLength);
    if (result == 0) {
        ProtocolInfoToAnsi(wide, *reinterpret_cast<WSAPROTOCOL_INFOA*>(value));
        *length = sizeof(WSAPROTOCOL_INFOA);
    }
    return result;
}

WINSOCK_EXPORT(int, WSAIoctl, SOCKET socket, DWORD code, LPVOID input, DWORD inputLength, LPVOID output,
               DWORD outputLength, LPDWORD returned, LPWSAOVERLAPPED overlapped,
               LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    return dispatch<&WSPPROC_TABLE::lpWSPIoctl>(socket, code, input, inputLength, output, outputLength, returned,
                                                overlapped, routine, overlapped ? CurrentThreadId() : nullptr);
}

WINSOCK_EXPORT(int, ioctlsocket, SOCKET socket, __LONG32 command, u_long* argument) {
    DWORD returned = 0;
    return own_WSAIoctl(socket, static_cast<DWORD>(command), argument, sizeof *argument, argument, sizeof *argument,
                        &returned, nullptr, nullptr);
}

WINSOCK_EXPORT(BOOL, WSAGetQOSByName, SOCKET socket, LPWSABUF name, LPQOS qos) {
    return dispatchBool<&WSPPROC_TABLE::lpWSPGetQOSByName>(socket, name, qos);
}
}  // namespace test_winsock
