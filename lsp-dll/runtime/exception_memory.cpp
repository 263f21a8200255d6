// MinGW only. Where exceptions live. libstdc++'s own version keeps 73 KB (ia32: 18 KB) of the heap of every process
// that loads the DLL for the exception that says that there is no memory; here that is a little of .bss, which costs
// nothing until then.
#if defined(__MINGW32__)

#include <windows.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace {

// The run time finds its own words of an exception in front of it, zeroed: in GCC 12 160 bytes on x64, 96 on ia32.
constexpr std::size_t header_size = 192;

// We throw std::bad_alloc, which is a pointer.
constexpr std::size_t reserve_size = header_size + 16;

struct alignas(16) Reserve {
    unsigned char bytes[reserve_size];
};

// How many threads can be told at the same time that there is no memory; more wait for one of them to have heard it.
constexpr std::size_t reserve_count = 8;
constinit Reserve reserves[reserve_count]{};
constinit std::atomic<bool> taken[reserve_count]{};

void* take_reserve(std::size_t size) noexcept {
    if (size > reserve_size) return nullptr;
    for (std::size_t i = 0; i < reserve_count; ++i) {
        if (!taken[i].exchange(true, std::memory_order_acquire)) return reserves[i].bytes;
    }
    return nullptr;
}

}  // namespace

namespace __cxxabiv1 {

extern "C" void* __cxa_allocate_exception(std::size_t object_size) noexcept {
    const std::size_t size = header_size + object_size;
    void* memory = nullptr;
    for (;;) {
        memory = std::malloc(size);
        if (memory == nullptr) memory = take_reserve(size);
        if (memory != nullptr) break;
        Sleep(1);
    }
    std::memset(memory, 0, header_size);
    return static_cast<unsigned char*>(memory) + header_size;
}

extern "C" void __cxa_free_exception(void* object) noexcept {
    unsigned char* const memory = static_cast<unsigned char*>(object) - header_size;
    for (std::size_t i = 0; i < reserve_count; ++i) {
        if (memory == reserves[i].bytes) {
            taken[i].store(false, std::memory_order_release);
            return;
        }
    }
    std::free(memory);
}

}  // namespace __cxxabiv1

#endif
