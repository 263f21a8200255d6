// WSAStartup and WSACleanup: the life of Winsock in the process.
#pragma once

#include "catalog.h"

namespace test_winsock {
bool IsStarted();

// The native catalog as it was at the process's first WSAStartup.
const ProtocolCatalog& ProcessCatalog();
}  // namespace test_winsock
