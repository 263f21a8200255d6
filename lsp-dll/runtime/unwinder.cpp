// MinGW for ia32 only. How the unwinder that is linked into the DLL finds the description of a function's frame.
// libgcc's own version sorts them all at a program's first exception, into memory that there may not be, and is 10 KB
// long; here they are read from the first to the last, which is quick enough for what happens only when memory is out.
#if defined(__MINGW32__) && defined(__i386__)

#include <windows.h>

#include <cstdint>
#include <cstring>

namespace {

// GCC's start-up code of a DLL (crtbegin.o) asks GetModuleHandleA for libgcc_s_dw2-1.dll, and where the program has
// that, as programs that were made by GCC do, registers the DLL's frames there. But the unwinder that throws our
// exceptions is the one that is linked in here; it would find none, and end the program. So that question, which
// nothing else in the DLL asks (../../test/dll.test.ts), is answered here: there is none.
HMODULE WINAPI no_shared_libgcc(LPCSTR) { return nullptr; }

template <typename Value>
Value read(const unsigned char* from) noexcept {
    Value value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// The DLL's .eh_frame (Linux Standard Base, 10.6.1): records that begin with their length without itself; one of
// length 0 is the last.
const unsigned char* frames = nullptr;

}  // namespace

extern "C" {

// In place of kernel32's import: the linker takes no library's definition of what is defined already.
extern decltype(&no_shared_libgcc) const get_module_handle __asm__("__imp__GetModuleHandleA@4");
decltype(&no_shared_libgcc) const get_module_handle = no_shared_libgcc;

void __register_frame_info(const void* begin, void*) { frames = static_cast<const unsigned char*>(begin); }

void* __deregister_frame_info(const void*) {
    frames = nullptr;
    return nullptr;
}

// As dwarf_eh_bases in libgcc's unwind-dw2-fde.h: what the pointers of a frame description may be relative to.
struct Bases {
    void* text;
    void* data;
    void* function;
};

// The description of the function that the instruction at `pc` belongs to. Null if it is none of the DLL's.
const void* _Unwind_Find_FDE(void* pc, Bases* bases) {
    if (frames == nullptr) return nullptr;
    for (const unsigned char* record = frames;; record += 4 + read<std::uint32_t>(record)) {
        if (read<std::uint32_t>(record) == 0) return nullptr;
        const bool common = read<std::uint32_t>(record + 4) == 0;  // belongs to other records, not to a function
        if (common) continue;
        // Relative to itself, as all of them are (../../test/dll.test.ts).
        const unsigned char* const function = record + 8 + read<std::int32_t>(record + 8);
        const auto offset = static_cast<std::uint32_t>(static_cast<const unsigned char*>(pc) - function);
        if (offset < read<std::uint32_t>(record + 12)) {
            *bases = {nullptr, nullptr, const_cast<unsigned char*>(function)};
            return record;
        }
    }
}

// How the unwinder fills its table of register sizes; to fill it twice does no harm. libgcc's own version brings all of
// its mutexes and thread-local keys.
int __gthr_win32_once(void*, void (*fill)()) {
    fill();
    return 0;
}

}  // extern "C"

#endif
