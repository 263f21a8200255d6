// Where Windows enters the DLL. With MinGW there is no C++ run time to start and nothing to initialise: all that is
// global here is constant at the beginning (../CMakeLists.txt links no start-up code that would call a constructor).
#include <windows.h>

#include "../exported.hpp"
#include "telemetry.hpp"

#if defined(__MINGW32__)
// By the name that the linker looks for.
#define WINSOCK_LSP_ENTRY extern "C" WINSOCK_LSP_EXPORTED
#define DllMain DllMainCRTStartup
#else
#define WINSOCK_LSP_ENTRY extern "C"
#endif

// Plain data only: no lock, no call that could need another DLL.
WINSOCK_LSP_ENTRY BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID at_process_end) {
    if (reason == DLL_THREAD_DETACH) lsp::provider::leave_stripe();
    if (reason == DLL_PROCESS_DETACH && at_process_end != nullptr) lsp::provider::carry_last_counts();
    return TRUE;
}
