// MinGW only. The C++ run time keeps two words for each thread that throws. libstdc++'s own version allocates them at a
// thread's first exception, and ends the program if it cannot: but we throw when there is no memory.
#if defined(__MINGW32__)

#include <cxxabi.h>
#include <windows.h>

#include <atomic>
#include <cstddef>

namespace {

// As __cxa_eh_globals in the Itanium C++ ABI, 2.2.2: all zero while the thread handles no exception.
struct Globals {
    void* caught;
    unsigned int uncaught;
};

struct Entry {
    std::atomic<DWORD> thread;  // 0: nobody's; no thread has this id
    Globals globals;
};

// The threads that have ever thrown. An entry is never given back: the system uses ids of ended threads again. That two
// threads beyond them share one harms only if both are handling an exception at the same time.
constexpr std::size_t entry_count = 64;
constinit Entry entries[entry_count];

Globals& globals_of_thread() noexcept {
    const DWORD thread = GetCurrentThreadId();
    const std::size_t first = thread / 4;  // ids are multiples of 4
    for (std::size_t i = 0; i < entry_count; ++i) {
        Entry& entry = entries[(first + i) % entry_count];
        DWORD owner = entry.thread.load(std::memory_order_relaxed);
        if (owner == 0 && entry.thread.compare_exchange_strong(owner, thread, std::memory_order_relaxed))
            owner = thread;
        if (owner == thread) return entry.globals;
    }
    return entries[first % entry_count].globals;
}

}  // namespace

namespace __cxxabiv1 {

extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept {
    return reinterpret_cast<__cxa_eh_globals*>(&globals_of_thread());
}

extern "C" __cxa_eh_globals* __cxa_get_globals_fast() noexcept { return __cxa_get_globals(); }

}  // namespace __cxxabiv1

#endif
