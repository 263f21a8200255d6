// WSAStartup and WSACleanup: the life of Winsock in the process.
#pragma once

namespace test_winsock {
bool IsStarted();

// Takes over what another process, or this one, has done to the catalog since it was last read. Entries that are gone
// are no longer found; sockets made through them go on.
void RefreshProtocolItems();
}  // namespace test_winsock
