// MinGW for ia32 only. GCC's start-up code of a DLL (crtbegin.o) asks GetModuleHandleA for libgcc_s_dw2-1.dll, and
// where the program has that, as programs that were made by GCC do, registers the DLL's unwind tables there. But the
// unwinder that throws our exceptions is the one that is linked in here; it would find no tables, and end the program.
// So that question, which nothing else in the DLL asks (../../test/dll.test.ts), is answered here: there is none.
#if defined(__MINGW32__) && defined(__i386__)

#include <windows.h>

namespace {

HMODULE WINAPI no_shared_libgcc(LPCSTR) { return nullptr; }

}  // namespace

extern "C" {
// In place of kernel32's import: the linker takes no library's definition of what is defined already.
extern decltype(&no_shared_libgcc) const get_module_handle __asm__("__imp__GetModuleHandleA@4");
decltype(&no_shared_libgcc) const get_module_handle = no_shared_libgcc;
}

#endif
