// What Windows does with IP_PKTINFO in the control data of WSASendMsg and Wine does not: sends the datagram from the
// address it names.
#pragma once

#include "../system_winsock.h"

namespace base_provider {
// As WSASendMsg with IPv4 packet information. The datagram leaves from a raw socket of its own, with the program's port
// (of a raw socket: with its protocol); the program's request is completed by really sending as many bytes to a local
// socket that nobody reads.
// WSAEADDRNOTAVAIL: the host does not have the source address.
int SendFrom(SOCKET socket, const sockaddr_in& source, ULONG interfaceIndex, const sockaddr_in& destination,
             const WSAMSG& message, DWORD flags, DWORD* sent, WSAOVERLAPPED* overlapped,
             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
}  // namespace base_provider
