// How the functions of the test iphlpapi get the names that iphlpapi.def exports, without the headers' dllimport in the
// way.
#pragma once

#include <winsock2.h>
#include <ws2ipdef.h>
#include <ws2tcpip.h>
// Below the socket headers, which they need.
#include <iphlpapi.h>
#include <netioapi.h>
#include <windows.h>

#ifdef _WIN64
#define OWN_SYMBOL(name) "own_" #name
#else
#define OWN_SYMBOL(name) "_own_" #name
#endif

#define IPHLPAPI_EXPORT(name, ...)                                             \
    extern "C" DWORD WINAPI own_##name(__VA_ARGS__) __asm__(OWN_SYMBOL(name)); \
    extern "C" DWORD WINAPI own_##name(__VA_ARGS__)
