// What is otherwise with raw sockets.
#pragma once

#include <ws2spi.h>

namespace base_provider {
// Their datagrams are for no port.
bool IsRaw(SOCKET socket);

// As Windows does before a raw socket's first send, and Wine does not: binds it to the wildcard if it is not bound.
// Other sockets stay as they are.
void BindRawSocket(SOCKET socket);
}  // namespace base_provider
