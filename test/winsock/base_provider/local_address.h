// Whether the host has an address.
#pragma once

#include "../system_winsock.h"

namespace base_provider {
bool IsLocalAddress(const sockaddr_in& address);

// False, with WSAEADDRNOTAVAIL as the last error, for an IPv4 address (v4-mapped ones included) that the host does
// not have: Wine binds a datagram socket to such an address, Windows refuses.
bool IsBindable(const sockaddr* name, int length);
}  // namespace base_provider
