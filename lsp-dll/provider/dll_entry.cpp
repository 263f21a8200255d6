// MinGW only. Where Windows enters the DLL. There is no C++ run time to start and nothing to initialise: all that is
// global here is constant at the beginning (../CMakeLists.txt links no start-up code that would call a constructor).
#if defined(__MINGW32__)

#include <windows.h>

#include "../exported.hpp"

// By the name that the linker looks for.
extern "C" WINSOCK_LSP_EXPORTED BOOL WINAPI DllMainCRTStartup(HINSTANCE, DWORD, LPVOID) { return TRUE; }

#endif
