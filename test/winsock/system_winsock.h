// The system's own ws2_32.dll (Wine's), which stands beside the test Winsock in system32 under another name.
#pragma once

#include <mswsock.h>
#include <windows.h>
#include <winsock2.h>
#include <ws2tcpip.h>

// Every function that the test Winsock and its base provider call in the system's ws2_32.dll.
#define SYSTEM_WINSOCK_FUNCTIONS(F) \
    F(WSAStartup)                   \
    F(WSACleanup)                   \
    F(WSAAccept)                    \
    F(WSAAddressToStringW)          \
    F(WSAAsyncSelect)               \
    F(bind)                         \
    F(closesocket)                  \
    F(WSAConnect)                   \
    F(WSADuplicateSocketW)          \
    F(WSAEnumNetworkEvents)         \
    F(WSAEventSelect)               \
    F(WSAGetOverlappedResult)       \
    F(getpeername)                  \
    F(getsockname)                  \
    F(getsockopt)                   \
    F(WSAGetQOSByName)              \
    F(WSAIoctl)                     \
    F(WSAJoinLeaf)                  \
    F(listen)                       \
    F(WSARecv)                      \
    F(WSARecvDisconnect)            \
    F(WSARecvFrom)                  \
    F(select)                       \
    F(WSASend)                      \
    F(WSASendDisconnect)            \
    F(WSASendTo)                    \
    F(setsockopt)                   \
    F(shutdown)                     \
    F(WSASocketW)                   \
    F(WSAStringToAddressW)          \
    F(WSAPoll)                      \
    F(GetAddrInfoW)                 \
    F(FreeAddrInfoW)                \
    F(__WSAFDIsSet)

namespace test_winsock {
struct SystemWinsock {
    HMODULE module;
#define SYSTEM_WINSOCK_MEMBER(name) decltype(&::name) name;
    SYSTEM_WINSOCK_FUNCTIONS(SYSTEM_WINSOCK_MEMBER)
#undef SYSTEM_WINSOCK_MEMBER
};

extern SystemWinsock systemWinsock;

// Loads the system's ws2_32.dll and finds every function above; false when one is missing. May be called again.
bool LoadSystemWinsock();
}  // namespace test_winsock
