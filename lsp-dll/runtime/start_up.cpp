// MinGW only. What its start-up code of a DLL asks for and this one has no use for. Each of them costs each program
// that loads the DLL something, and thread-local storage also each thread: the system would make room for the DLL's.
#if defined(__MINGW32__)

#include <windows.h>

extern "C" {

// Of variables that are imported as if they were not: the linker is told not to (../CMakeLists.txt).
void _pei386_runtime_relocator() {}

// Of what threads have of their own. There is no thread_local here; one would import TlsAlloc, which
// ../../test/dll.test.ts finds, and what it holds would be left behind by threads that end.
extern const PIMAGE_TLS_CALLBACK __dyn_tls_init_callback;
const PIMAGE_TLS_CALLBACK __dyn_tls_init_callback = nullptr;

}  // extern "C"

#endif
