#pragma once

#include "catalog.h"

namespace test_winsock {
// What WSAEnumProtocols and WSCEnumProtocols have in common: the entries whose iProtocol is in `protocols` (zero
// terminated; null: all) go to the caller's buffer. `visible`: only what programs may see.
// The number of entries, or SOCKET_ERROR with `error` set.
int EnumerateProtocols(const ProtocolCatalog& catalog, bool visible, const int* protocols, WSAPROTOCOL_INFOW* buffer,
                       DWORD* bufferLength, int& error);

void ProtocolInfoToAnsi(const WSAPROTOCOL_INFOW& wide, WSAPROTOCOL_INFOA& ansi);
void ProtocolInfoToWide(const WSAPROTOCOL_INFOA& ansi, WSAPROTOCOL_INFOW& wide);
}  // namespace test_winsock
