// A layered provider that changes nothing: the smallest IFS LSP that works over whatever is below it. It counts the
// calls that pass, for the tests (PassthroughCallCount). Its ConnectEx keeps a table for each chain, as other LSPs do:
// that of one chain knows no socket of another's. And with TEST_PASSTHROUGH_LOG (a file) leaves one line per WSPStartup
// there, so that a test can prove that it was in the chain. TEST_PASSTHROUGH_INCOMPLETE leaves a procedure out.
#include <windows.h>
#include <winsock2.h>
#include <ws2spi.h>
// Below winsock2.h
#include <mswsock.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {
constexpr int maximumChains = 16;

struct Chain {
    DWORD entryId = 0;
    WSAPROTOCOL_INFOW info{};
    WSAPROTOCOL_INFOW lowerInfo{};
    WSPPROC_TABLE lower{};
    WSPUPCALLTABLE upcalls{};
    HMODULE lowerModule = nullptr;
    std::atomic<LPFN_CONNECTEX> lowerConnectEx{nullptr};
};

Chain chains[maximumChains];
std::atomic<int> chainCount;
std::atomic<long> calls;

// A critical section, because this DLL may be the lower provider too: then WSPStartup comes back on the same thread.
CRITICAL_SECTION startLock;

std::vector<WSAPROTOCOL_INFOW> readCatalog() {
    DWORD length = 0;
    int error = 0;
    WSCEnumProtocols(nullptr, nullptr, &length, &error);
    std::vector<WSAPROTOCOL_INFOW> catalog(length / sizeof(WSAPROTOCOL_INFOW));
    const int count = WSCEnumProtocols(nullptr, catalog.data(), &length, &error);
    catalog.resize(count > 0 ? count : 0);
    return catalog;
}

// Our hidden entry's id stands before the entry below us.
const WSAPROTOCOL_INFOW* findLower(const std::vector<WSAPROTOCOL_INFOW>& catalog, const WSAPROTOCOL_INFOW& chain) {
    for (const WSAPROTOCOL_INFOW& entry : catalog)
        if (chain.ProtocolChain.ChainLen > 1 && entry.dwCatalogEntryId == chain.ProtocolChain.ChainEntries[1])
            return &entry;
    return nullptr;
}

HMODULE loadProvider(GUID provider) {
    wchar_t path[MAX_PATH];
    wchar_t expanded[MAX_PATH];
    int length = MAX_PATH;
    int error = 0;
    if (WSCGetProviderPath(&provider, path, &length, &error) != 0 ||
        ExpandEnvironmentStringsW(path, expanded, MAX_PATH) == 0)
        return nullptr;
    return LoadLibraryW(expanded);
}

void log(const WSAPROTOCOL_INFOW& chain) {
    wchar_t path[MAX_PATH];
    if (!GetEnvironmentVariableW(L"TEST_PASSTHROUGH_LOG", path, MAX_PATH)) return;
    const HANDLE file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
    char line[512];
    const int length =
        std::snprintf(line, sizeof line, "WSPStartup %lu %ls\n", chain.dwCatalogEntryId, chain.szProtocol);
    DWORD written;
    WriteFile(file, line, static_cast<DWORD>(length), &written, nullptr);
    CloseHandle(file);
}

// One set of hooks per chain, so that each knows its lower table.
template <int index>
struct Hooks {
    static Chain& chain() { return chains[index]; }

    static SOCKET adopt(SOCKET socket, LPINT error) {
        if (socket == INVALID_SOCKET) return INVALID_SOCKET;
        return chain().upcalls.lpWPUModifyIFSHandle(chain().info.dwCatalogEntryId, socket, error);
    }

    static SOCKET WSPAPI socket(int family, int type, int protocol, LPWSAPROTOCOL_INFOW given, GROUP group, DWORD flags,
                                LPINT error) {
        calls++;
        WSAPROTOCOL_INFOW info = chain().lowerInfo;
        if (given) info.dwProviderReserved = given->dwProviderReserved;
        return adopt(chain().lower.lpWSPSocket(family, type, protocol, &info, group, flags, error), error);
    }

    static SOCKET WSPAPI accept(SOCKET socket, struct sockaddr* address, LPINT length, LPCONDITIONPROC condition,
                                DWORD_PTR data, LPINT error) {
        calls++;
        return adopt(chain().lower.lpWSPAccept(socket, address, length, condition, data, error), error);
    }

    static int WSPAPI duplicateSocket(SOCKET socket, DWORD process, LPWSAPROTOCOL_INFOW info, LPINT error) {
        calls++;
        const int result = chain().lower.lpWSPDuplicateSocket(socket, process, info, error);
        if (result == 0) {
            const DWORD reserved = info->dwProviderReserved;
            *info = chain().info;
            info->dwProviderReserved = reserved;
        }
        return result;
    }

    static int WSPAPI getSockOpt(SOCKET socket, int level, int option, char* value, LPINT length, LPINT error) {
        calls++;
        const int result = chain().lower.lpWSPGetSockOpt(socket, level, option, value, length, error);
        if (result != 0 || level != SOL_SOCKET || option != SO_PROTOCOL_INFOW) return result;
        // Another protocol's socket is not this chain's.
        auto* info = reinterpret_cast<WSAPROTOCOL_INFOW*>(value);
        if (info->dwCatalogEntryId == chain().lowerInfo.dwCatalogEntryId) *info = chain().info;
        return result;
    }

    static int WSPAPI bind(SOCKET socket, const struct sockaddr* name, int length, LPINT error) {
        calls++;
        return chain().lower.lpWSPBind(socket, name, length, error);
    }

    static int WSPAPI connect(SOCKET socket, const struct sockaddr* name, int length, LPWSABUF caller, LPWSABUF callee,
                              LPQOS send, LPQOS group, LPINT error) {
        calls++;
        return chain().lower.lpWSPConnect(socket, name, length, caller, callee, send, group, error);
    }

    static BOOL WSPAPI connectEx(SOCKET socket, const struct sockaddr* name, int length, void* data, DWORD dataLength,
                                 LPDWORD sent, LPOVERLAPPED overlapped) {
        calls++;
        WSAPROTOCOL_INFOW info{};
        int infoLength = sizeof info;
        int error = 0;
        const int result = chain().lower.lpWSPGetSockOpt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW,
                                                         reinterpret_cast<char*>(&info), &infoLength, &error);
        if (result != 0 || info.iAddressFamily != chain().info.iAddressFamily) {
            WSASetLastError(WSAENOTSOCK);
            return FALSE;
        }
        return chain().lowerConnectEx.load()(socket, name, length, data, dataLength, sent, overlapped);
    }

    static int WSPAPI ioctl(SOCKET socket, DWORD code, LPVOID in, DWORD inLength, LPVOID out, DWORD outLength,
                            LPDWORD returned, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion,
                            LPWSATHREADID thread, LPINT error) {
        const int result = chain().lower.lpWSPIoctl(socket, code, in, inLength, out, outLength, returned, overlapped,
                                                    completion, thread, error);
        const GUID id = WSAID_CONNECTEX;
        LPFN_CONNECTEX lower = nullptr;
        if (result != 0 || code != SIO_GET_EXTENSION_FUNCTION_POINTER || inLength < sizeof id ||
            outLength < sizeof lower || !IsEqualGUID(*static_cast<const GUID*>(in), id))
            return result;
        std::memcpy(&lower, out, sizeof lower);
        chain().lowerConnectEx = lower;
        const LPFN_CONNECTEX ours = connectEx;
        std::memcpy(out, &ours, sizeof ours);
        return 0;
    }

    static int WSPAPI closeSocket(SOCKET socket, LPINT error) {
        calls++;
        return chain().lower.lpWSPCloseSocket(socket, error);
    }

    static int WSPAPI cleanup(LPINT error) { return chain().lower.lpWSPCleanup(error); }

    static void install(WSPPROC_TABLE& table) {
        table = chain().lower;
        table.lpWSPSocket = socket;
        table.lpWSPAccept = accept;
        table.lpWSPDuplicateSocket = duplicateSocket;
        table.lpWSPGetSockOpt = getSockOpt;
        table.lpWSPBind = bind;
        table.lpWSPConnect = connect;
        table.lpWSPIoctl = ioctl;
        table.lpWSPCloseSocket = closeSocket;
        table.lpWSPCleanup = cleanup;
    }
};

template <int... indices>
void installHooks(int index, WSPPROC_TABLE& table, std::integer_sequence<int, indices...>) {
    ((index == indices ? Hooks<indices>::install(table) : void()), ...);
}

int start(LPWSPDATA data, const WSAPROTOCOL_INFOW& info, const WSPUPCALLTABLE& upcalls, WSPPROC_TABLE& table) {
    // A process may clean Winsock up and start it again; the chain then keeps its place.
    int index = 0;
    while (index < chainCount && chains[index].entryId != info.dwCatalogEntryId) index++;
    if (index == maximumChains) return WSAEPROVIDERFAILEDINIT;
    Chain& chain = chains[index];
    const auto catalog = readCatalog();
    const WSAPROTOCOL_INFOW* lower = findLower(catalog, info);
    if (!lower) return WSAEPROVIDERFAILEDINIT;
    if (index == chainCount) chainCount++;
    chain.entryId = info.dwCatalogEntryId;
    chain.info = info;
    chain.lowerInfo = *lower;
    chain.upcalls = upcalls;
    chain.lowerModule = loadProvider(lower->ProviderId);
    const auto startup =
        reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(chain.lowerModule, "WSPStartup")));
    if (!startup) return WSAEPROVIDERFAILEDINIT;
    if (const int error = startup(MAKEWORD(2, 2), data, &chain.lowerInfo, upcalls, &chain.lower)) return error;
    installHooks(index, table, std::make_integer_sequence<int, maximumChains>());
    if (GetEnvironmentVariableW(L"TEST_PASSTHROUGH_INCOMPLETE", nullptr, 0) > 0) table.lpWSPListen = nullptr;
    log(info);
    return 0;
}
}  // namespace

extern "C" int WSPAPI WSPStartup(WORD version, LPWSPDATA data, LPWSAPROTOCOL_INFOW info, WSPUPCALLTABLE upcalls,
                                 LPWSPPROC_TABLE table) {
    if (version < MAKEWORD(2, 2)) return WSAVERNOTSUPPORTED;
    EnterCriticalSection(&startLock);
    const int error = start(data, *info, upcalls, *table);
    LeaveCriticalSection(&startLock);
    return error;
}

// The number of calls, of all chains, that have passed through this DLL in this process.
extern "C" long WSPAPI PassthroughCallCount() { return calls; }

BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
    if (reason == DLL_PROCESS_ATTACH) InitializeCriticalSection(&startLock);
    return TRUE;
}
