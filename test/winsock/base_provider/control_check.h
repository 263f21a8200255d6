// TEST_WINSOCK_CHECK_CONTROL: whether the control data of WSASendMsg stays what it was. Winsock may read that of an
// overlapped send until the send has completed, which no caller of the layer that made it can wait for; so an LSP's own
// has to stay for good.
#pragma once

#include <windows.h>
#include <winsock2.h>

namespace base_provider {
// At the first WSPStartup, if the variable asks for it.
void StartControlCheck();

// At each WSASendMsg: compares what was kept, writes a line for each difference into the recording, and keeps this one
// too.
void CheckControl(const WSABUF& control);

// At the last WSPCleanup: compares once more, and forgets all, for the provider above may be unloaded next.
void EndControlCheck();
}  // namespace base_provider
