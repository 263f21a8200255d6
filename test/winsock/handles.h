// Which catalog entry a socket handle belongs to.
#pragma once

#include "providers.h"

namespace test_winsock {
// The last WPUModifyIFSHandle for this handle value decides. A handle value that was closed behind our back and
// has become another object's keeps its entry until then: its provider will answer WSAENOTSOCK.
// False when the value is beyond what the table holds.
bool SetSocketItem(SOCKET socket, ProtocolItem* item);

// Forgets the handle; the entry it had.
ProtocolItem* TakeSocketItem(SOCKET socket);

// Lock-free: two loads. Null when nobody registered the handle.
ProtocolItem* GetSocketItem(SOCKET socket);

// The entry of a handle, started; for one that nobody registered (inherited, or another process's), every IFS
// provider is asked whose it is, as Windows does. Null: `error` is set.
ProtocolItem* ResolveSocket(SOCKET socket, int& error);

void ForgetSocketItems();
}  // namespace test_winsock
