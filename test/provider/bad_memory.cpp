#include "bad_memory.hpp"

#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <cstdint>
#include <cstring>

namespace test {

namespace {

constexpr std::size_t page = 4096;

char* pages(std::size_t count, DWORD type, DWORD protection) {
    return static_cast<char*>(VirtualAlloc(nullptr, count * page, type, protection));
}

constexpr unsigned char family_and_port[] = {AF_INET, 0, 0, 9, 127, 0};

void* end_of_page() {
    char* const first = pages(2, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(first, page, MEM_COMMIT, PAGE_READWRITE);
    return first + page - sizeof(family_and_port);
}

}  // namespace

const BadMemory (&bad_memory())[bad_memory_count] {
    static const BadMemory all[] = {
        {"null", nullptr},
        {"16", reinterpret_cast<void*>(std::uintptr_t{16})},
        {"reserved", pages(1, MEM_RESERVE, PAGE_NOACCESS)},
        {"end of a page", end_of_page()},
        {"read-only", pages(1, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY)},
        {"odd", pages(1, MEM_RESERVE, PAGE_NOACCESS) + 1},
    };
    // A call before may have written there.
    std::memcpy(all[3].at, family_and_port, sizeof(family_and_port));
    return all;
}

}  // namespace test
