#include "unicast_interface.h"

#include <windows.h>
#include <ws2tcpip.h>

#include <cstdint>
#include <cstring>

#include "provider.h"

namespace base_provider {
namespace {
constexpr int unicastInterface = 31;  // of both levels

// By handle; Wine gives small ones. What is beyond is not remembered.
constexpr std::size_t capacity = 16384;
struct Chosen {
    LONG ipv4, ipv6;
};
Chosen chosen[capacity];

Chosen* ChosenOf(SOCKET socket) {
    const std::size_t place = static_cast<std::size_t>(socket) / 4;
    return place < capacity ? &chosen[place] : nullptr;
}

LONG& PlaceFor(Chosen& of, int level) { return level == IPPROTO_IP ? of.ipv4 : of.ipv6; }

bool IsSocket(SOCKET socket) {
    int type = 0;
    int length = sizeof type;
    return systemWinsock.getsockopt(socket, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &length) == 0;
}
}  // namespace

bool IsUnicastInterface(int level, int option) {
    return option == unicastInterface && (level == IPPROTO_IP || level == IPPROTO_IPV6);
}

int SetUnicastInterface(SOCKET socket, int level, const char* value, int length) {
    if (!IsSocket(socket)) return SOCKET_ERROR;
    Chosen* const of = ChosenOf(socket);
    if (length < static_cast<int>(sizeof(LONG)) || !of) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    LONG told = 0;
    std::memcpy(&told, value, sizeof told);
    PlaceFor(*of, level) = told;
    if (level == IPPROTO_IP) systemWinsock.setsockopt(socket, level, unicastInterface, value, length);
    return 0;
}

int GetUnicastInterface(SOCKET socket, int level, char* value, int* length) {
    if (!IsSocket(socket)) return SOCKET_ERROR;
    Chosen* const of = ChosenOf(socket);
    if (*length < static_cast<int>(sizeof(LONG)) || !of) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    const LONG told = PlaceFor(*of, level);
    std::memcpy(value, &told, sizeof told);
    *length = sizeof told;
    return 0;
}

void ForgetUnicastInterface(SOCKET socket) {
    if (Chosen* const of = ChosenOf(socket)) *of = {};
}
}  // namespace base_provider
