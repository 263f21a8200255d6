#include "extensions.h"

#include <cstring>

#include "answers.h"
#include "arguments.h"
#include "control_check.h"
#include "packet_information.h"
#include "provider.h"
#include "raw_socket.h"
#include "recording.h"
#include "spoofed_send.h"

namespace base_provider {
namespace {
constexpr GUID connectExId = WSAID_CONNECTEX;
constexpr GUID sendMessageId = WSAID_WSASENDMSG;

// Wine's own; the same for every socket of the process.
LPFN_CONNECTEX systemConnectEx;
LPFN_WSASENDMSG systemSendMessage;

// Such a socket has no way to an IPv4 address, however it is written.
bool IsIpv6Only(SOCKET socket) {
    DWORD only = FALSE;
    int length = sizeof only;
    return systemWinsock.getsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<char*>(&only), &length) == 0 &&
           only != 0;
}

BOOL PASCAL connectEx(SOCKET socket, const struct sockaddr* name, int length, PVOID data, DWORD dataLength,
                      LPDWORD sent, LPOVERLAPPED overlapped) {
    if (!IsReadableAddress(name, length)) {
        SetLastError(WSAEFAULT);
        return FALSE;
    }

    Record record("ConnectEx", socket);
    record.Address(name, length).Begin();
    const BOOL result = systemConnectEx(socket, name, length, data, dataLength, sent, overlapped);
    record.End(result, result ? 0 : static_cast<int>(GetLastError()));
    return result;
}

int WSAAPI sendMessage(SOCKET socket, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (!IsReadable(message, sizeof *message) || !IsReadable(message->Control.buf, message->Control.len) ||
        !AreReadableBuffers(message->lpBuffers, message->dwBufferCount) ||
        (message->name && !IsReadableAddress(message->name, message->namelen)) || (!sent && !overlapped)) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    CheckControl(message->Control);
    Record record("WSASendMsg", socket);
    record.Address(message->name, message->namelen)
        .Number("messageFlags", message->dwFlags)
        .Number("flags", flags)
        .Control(message->Control)
        .Begin();
    PacketInformation information;
    const int told = AnswerFor("WSASendMsg");
    if (told != 0 && message->Control.len && ReadPacketInformation(message->Control, information)) {
        record.End(SOCKET_ERROR, told);
        SetLastError(told);
        return SOCKET_ERROR;
    }
    sockaddr_in source;
    sockaddr_in destination;
    // Wine ignores the control data (dlls/ws2_32/socket.c, WSASendMsg).
    BindRawSocket(socket);
    const bool isOurs = message->Control.len && message->name && ReadPacketInformation(message->Control, information) &&
                        ToIpv4(reinterpret_cast<const sockaddr&>(information.source), source) &&
                        source.sin_addr.s_addr != INADDR_ANY && ToIpv4(*message->name, destination) &&
                        (destination.sin_port != 0 || IsRaw(socket)) &&
                        (message->name->sa_family == AF_INET || !IsIpv6Only(socket));
    const int result = isOurs ? SendFrom(socket, source, information.interfaceIndex, destination, *message, flags, sent,
                                         overlapped, routine)
                              : systemSendMessage(socket, message, flags, sent, overlapped, routine);
    record.End(result, result == 0 ? 0 : static_cast<int>(GetLastError()));
    return result;
}

// Replaces Wine's function by the wrapper that knows it.
template <typename Function>
void wrap(void* output, Function& system, Function wrapper) {
    std::memcpy(&system, output, sizeof system);
    std::memcpy(output, &wrapper, sizeof wrapper);
}
}  // namespace

int GetExtensionFunction(SOCKET socket, void* input, DWORD inputLength, void* output, DWORD outputLength,
                         DWORD* returned) {
    const bool isId = input && inputLength >= sizeof(GUID) && !IsBadReadPtr(input, sizeof(GUID));
    if (isId && IsEqualGUID(*static_cast<GUID*>(input), sendMessageId) && LacksSendMessage()) {
        SetLastError(WSAEINVAL);
        return SOCKET_ERROR;
    }
    if (!output || outputLength < sizeof(void*) || !returned) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    const int result = systemWinsock.WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, input, inputLength, output,
                                              outputLength, returned, nullptr, nullptr);
    if (result == 0 && IsEqualGUID(*static_cast<GUID*>(input), connectExId))
        wrap<LPFN_CONNECTEX>(output, systemConnectEx, connectEx);
    if (result == 0 && IsEqualGUID(*static_cast<GUID*>(input), sendMessageId))
        wrap<LPFN_WSASENDMSG>(output, systemSendMessage, sendMessage);
    return result;
}
}  // namespace base_provider
