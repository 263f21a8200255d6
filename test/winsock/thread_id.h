// The WSATHREADID that Winsock hands to providers with each overlapped call.
#pragma once

#include <winsock2.h>
#include <ws2spi.h>

namespace test_winsock {
bool InitializeThreadIds();
void FreeThreadId();

// The calling thread's; lives as long as the thread. Null only when memory or handles ran out.
WSATHREADID* CurrentThreadId();
}  // namespace test_winsock
