// The base provider's own catalog entries.
#pragma once

#include <winsock2.h>

namespace base_provider {
// Reads them from the catalog. False when there are none.
bool LoadBaseEntries();

// The number of entries, and one of them.
int BaseEntryCount();
const WSAPROTOCOL_INFOW& BaseEntry(int index);

// The index of the entry for such a socket; -1 when there is none.
int FindBaseEntry(int family, int type);

// The entry of a socket, however the process came by it; null with the last error set.
const WSAPROTOCOL_INFOW* SocketEntry(SOCKET socket);
}  // namespace base_provider
