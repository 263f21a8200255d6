// The functions behind SIO_GET_EXTENSION_FUNCTION_POINTER.
#pragma once

#include <windows.h>
#include <winsock2.h>

namespace base_provider {
// As WSPIoctl: 0, or SOCKET_ERROR with the last error set.
int GetExtensionFunction(SOCKET socket, void* input, DWORD inputLength, void* output, DWORD outputLength,
                         DWORD* returned);
}  // namespace base_provider
