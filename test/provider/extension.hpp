// A provider's extension functions, as programs ask for them.
#pragma once

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>

namespace test {

// Of the socket's chain (WSAID_CONNECTEX and so on); null, with WSAGetLastError, if the provider gives none.
template <typename Function>
Function extension(SOCKET s, GUID id) {
    Function function = nullptr;
    DWORD bytes = 0;
    const int result = WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function, sizeof(function),
                                &bytes, nullptr, nullptr);
    return result == 0 ? function : nullptr;
}

}  // namespace test
