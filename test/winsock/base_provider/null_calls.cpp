// TEST_WINSOCK_BASE=null: every call succeeds at once and without a system call, so that what a benchmark measures is
// everything above the base provider. Handles are made up; each carries the index of its catalog entry.
#include <atomic>
#include <cstring>

#include "protocol_info.h"
#include "provider.h"

namespace base_provider {
namespace {
// Above every real handle value, below what the handle table of the test Winsock holds (64 Mi).
constexpr SOCKET firstHandle = 0x02000000;
constexpr unsigned handleCount = 1u << 20;
constexpr unsigned entriesPerHandle = 8;
std::atomic<unsigned> nextHandle;

int entryIndex(SOCKET socket) { return static_cast<int>((socket - firstHandle) / 4 % entriesPerHandle); }

SOCKET makeHandle(int index, DWORD entryId, LPINT error) {
    const unsigned number = nextHandle.fetch_add(1, std::memory_order_relaxed) % handleCount;
    const SOCKET socket = firstHandle + 4 * (SOCKET{number} * entriesPerHandle + static_cast<unsigned>(index));
    return upcalls.lpWPUModifyIFSHandle(entryId, socket, error);
}

SOCKET WSPAPI nullSocket(int family, int type, int, LPWSAPROTOCOL_INFOW info, GROUP, DWORD, LPINT error) {
    const int index = FindBaseEntry(info ? info->iAddressFamily : family, info ? info->iSocketType : type);
    if (index < 0 || index >= static_cast<int>(entriesPerHandle)) {
        *error = WSAEAFNOSUPPORT;
        return INVALID_SOCKET;
    }
    return makeHandle(index, info ? info->dwCatalogEntryId : BaseEntry(index).dwCatalogEntryId, error);
}

// As the kernel's, handle values come back: the newest is the next again.
int WSPAPI nullCloseSocket(SOCKET socket, LPINT) {
    const unsigned number = static_cast<unsigned>((socket - firstHandle) / 4 / entriesPerHandle);
    unsigned expected = number + 1;
    nextHandle.compare_exchange_strong(expected, number, std::memory_order_relaxed);
    return 0;
}

DWORD lengthOf(const WSABUF* buffers, DWORD count) {
    DWORD length = 0;
    for (DWORD i = 0; i < count; i++) length += buffers[i].len;
    return length;
}

int transfer(const WSABUF* buffers, DWORD count, DWORD* transferred, WSAOVERLAPPED* overlapped) {
    const DWORD length = lengthOf(buffers, count);
    if (transferred) *transferred = length;
    if (overlapped) {
        overlapped->Internal = 0;
        overlapped->InternalHigh = length;
    }
    return 0;
}

int WSPAPI writeName(SOCKET socket, struct sockaddr* name, int* length, LPINT error) {
    const bool isIpv6 = BaseEntry(entryIndex(socket)).iAddressFamily == AF_INET6;
    const int needed = isIpv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (!name || !length || *length < needed) {
        *error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    std::memset(name, 0, needed);
    name->sa_family = isIpv6 ? AF_INET6 : AF_INET;
    reinterpret_cast<sockaddr_in*>(name)->sin_port = 0x00c0;  // 49152, the first ephemeral port
    *length = needed;
    return 0;
}

BOOL PASCAL nullConnectEx(SOCKET, const struct sockaddr*, int, PVOID, DWORD length, LPDWORD sent,
                          LPOVERLAPPED overlapped) {
    if (sent) *sent = length;
    if (overlapped) overlapped->Internal = overlapped->InternalHigh = 0;
    return TRUE;
}

int WSAAPI nullSendMessage(SOCKET, LPWSAMSG message, DWORD, LPDWORD sent, LPWSAOVERLAPPED overlapped,
                           LPWSAOVERLAPPED_COMPLETION_ROUTINE) {
    return transfer(message->lpBuffers, message->dwBufferCount, sent, overlapped);
}

template <typename Value>
int answer(Value value, void* output, DWORD outputLength, DWORD* returned, LPINT error) {
    if (!output || outputLength < sizeof value) {
        *error = WSAEFAULT;
        return SOCKET_ERROR;
    }
    std::memcpy(output, &value, sizeof value);
    if (returned) *returned = sizeof value;
    return 0;
}

int WSPAPI nullIoctl(SOCKET socket, DWORD code, LPVOID input, DWORD inputLength, LPVOID output, DWORD outputLength,
                     LPDWORD returned, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID,
                     LPINT error) {
    constexpr GUID connectExId = WSAID_CONNECTEX;
    constexpr GUID sendMessageId = WSAID_WSASENDMSG;
    switch (code) {
        case static_cast<DWORD>(SIO_BASE_HANDLE):
        case static_cast<DWORD>(SIO_BSP_HANDLE):
        case static_cast<DWORD>(SIO_BSP_HANDLE_SELECT):
        case static_cast<DWORD>(SIO_BSP_HANDLE_POLL): return answer(socket, output, outputLength, returned, error);
        case static_cast<DWORD>(SIO_GET_EXTENSION_FUNCTION_POINTER):
            if (input && inputLength >= sizeof(GUID)) {
                if (IsEqualGUID(*static_cast<GUID*>(input), connectExId))
                    return answer(&nullConnectEx, output, outputLength, returned, error);
                if (IsEqualGUID(*static_cast<GUID*>(input), sendMessageId) && !LacksSendMessage())
                    return answer(&nullSendMessage, output, outputLength, returned, error);
            }
            *error = WSAEINVAL;
            return SOCKET_ERROR;
        default:
            if (returned) *returned = 0;
            return 0;
    }
}

int WSPAPI nullGetSockOpt(SOCKET socket, int level, int option, char* value, LPINT length, LPINT error) {
    if (level == SOL_SOCKET && option == SO_PROTOCOL_INFOW) {
        if (socket < firstHandle) {
            *error = WSAENOTSOCK;
            return SOCKET_ERROR;
        }
        DWORD returned = 0;
        const int result = answer(BaseEntry(entryIndex(socket)), value, static_cast<DWORD>(*length), &returned, error);
        *length = static_cast<int>(returned);
        return result;
    }
    std::memset(value, 0, static_cast<std::size_t>(*length));
    return 0;
}

SOCKET WSPAPI nullAccept(SOCKET socket, struct sockaddr* name, LPINT length, LPCONDITIONPROC, DWORD_PTR, LPINT error) {
    if (name && writeName(socket, name, length, error) != 0) return INVALID_SOCKET;
    const int index = entryIndex(socket);
    return makeHandle(index, BaseEntry(index).dwCatalogEntryId, error);
}

int WSPAPI nullSelect(int, fd_set* readable, fd_set* writable, fd_set* exceptional, const PTIMEVAL, LPINT) {
    if (exceptional) exceptional->fd_count = 0;
    return static_cast<int>((readable ? readable->fd_count : 0) + (writable ? writable->fd_count : 0));
}

int WSPAPI nullDuplicateSocket(SOCKET, DWORD, LPWSAPROTOCOL_INFOW, LPINT error) {
    *error = WSAEOPNOTSUPP;
    return SOCKET_ERROR;
}
}  // namespace

const WSPPROC_TABLE& NullTable() {
    static const WSPPROC_TABLE table = [] {
        WSPPROC_TABLE t = WineTable();  // address and text conversions have no socket
        t.lpWSPSocket = nullSocket;
        t.lpWSPAccept = nullAccept;
        t.lpWSPIoctl = nullIoctl;
        t.lpWSPGetSockOpt = nullGetSockOpt;
        t.lpWSPSelect = nullSelect;
        t.lpWSPDuplicateSocket = nullDuplicateSocket;
        t.lpWSPCloseSocket = nullCloseSocket;
        t.lpWSPBind = [](SOCKET, const struct sockaddr*, int, LPINT) WSPAPI { return 0; };
        t.lpWSPConnect = [](SOCKET, const struct sockaddr*, int, LPWSABUF, LPWSABUF, LPQOS, LPQOS, LPINT)
                             WSPAPI { return 0; };
        t.lpWSPListen = [](SOCKET, int, LPINT) WSPAPI { return 0; };
        t.lpWSPShutdown = [](SOCKET, int, LPINT) WSPAPI { return 0; };
        t.lpWSPJoinLeaf = [](SOCKET s, const struct sockaddr*, int, LPWSABUF, LPWSABUF, LPQOS, LPQOS, DWORD, LPINT)
                              WSPAPI { return s; };
        t.lpWSPGetSockName = writeName;
        t.lpWSPGetPeerName = writeName;
        t.lpWSPSetSockOpt = [](SOCKET, int, int, const char*, int, LPINT) WSPAPI { return 0; };
        t.lpWSPEventSelect = [](SOCKET, WSAEVENT, __LONG32, LPINT) WSPAPI { return 0; };
        t.lpWSPAsyncSelect = [](SOCKET, HWND, unsigned, __LONG32, LPINT) WSPAPI { return 0; };
        t.lpWSPEnumNetworkEvents = [](SOCKET, WSAEVENT, LPWSANETWORKEVENTS events, LPINT) WSPAPI {
            *events = {};
            return 0;
        };
        t.lpWSPGetOverlappedResult = [](SOCKET, LPWSAOVERLAPPED overlapped, LPDWORD transferred, BOOL, LPDWORD flags,
                                        LPINT) WSPAPI -> WINBOOL {
            *transferred = static_cast<DWORD>(overlapped->InternalHigh);
            *flags = 0;
            return TRUE;
        };
        t.lpWSPSend = [](SOCKET, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD, LPWSAOVERLAPPED overlapped,
                         LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT)
                          WSPAPI { return transfer(buffers, count, sent, overlapped); };
        t.lpWSPSendTo = [](SOCKET, LPWSABUF buffers, DWORD count, LPDWORD sent, DWORD, const struct sockaddr*, int,
                           LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT)
                            WSPAPI { return transfer(buffers, count, sent, overlapped); };
        t.lpWSPRecv = [](SOCKET, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD, LPWSAOVERLAPPED overlapped,
                         LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT)
                          WSPAPI { return transfer(buffers, count, received, overlapped); };
        t.lpWSPRecvFrom = [](SOCKET socket, LPWSABUF buffers, DWORD count, LPDWORD received, LPDWORD,
                             struct sockaddr* from, LPINT fromLength, LPWSAOVERLAPPED overlapped,
                             LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT error) WSPAPI {
            if (from && writeName(socket, from, fromLength, error) != 0) return SOCKET_ERROR;
            return transfer(buffers, count, received, overlapped);
        };
        t.lpWSPSendDisconnect = [](SOCKET, LPWSABUF, LPINT) WSPAPI { return 0; };
        t.lpWSPRecvDisconnect = [](SOCKET, LPWSABUF, LPINT) WSPAPI { return 0; };
        return t;
    }();
    return table;
}
}  // namespace base_provider
