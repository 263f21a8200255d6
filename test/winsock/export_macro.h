// How a function of the test Winsock gets the assembler name that ws2_32.def exports (see exports.cmake).
#pragma once

#include <windows.h>
#include <winsock2.h>

#ifdef _WIN64
#define OWN_SYMBOL(name) "own_" #name
#else
#define OWN_SYMBOL(name) "_own_" #name
#endif

#define WINSOCK_EXPORT(result, name, ...)                                       \
    extern "C" result WSAAPI own_##name(__VA_ARGS__) __asm__(OWN_SYMBOL(name)); \
    extern "C" result WSAAPI own_##name(__VA_ARGS__)
