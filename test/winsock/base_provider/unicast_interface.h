// IP_UNICAST_IF and IPV6_UNICAST_IF. Wine has the first for datagram sockets, where Linux refuses it once a socket is
// bound, and lacks the second. This provider remembers both, as Windows does.
#pragma once

#include <winsock2.h>

namespace base_provider {
bool IsUnicastInterface(int level, int option);
// As setsockopt and getsockopt, with the error as last error. Wine is told where it knows the option.
int SetUnicastInterface(SOCKET socket, int level, const char* value, int length);
int GetUnicastInterface(SOCKET socket, int level, char* value, int* length);
// A handle that is closed, or new.
void ForgetUnicastInterface(SOCKET socket);
}  // namespace base_provider
