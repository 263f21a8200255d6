// Memory that is not there, or only in part.
#pragma once

#include <cstddef>

namespace test {

struct BadMemory {
    const char* name;
    void* at;
};

// null, within the first page, reserved but never committed, six readable bytes before the end of a page (the family
// and port of a sockaddr, and no more), a page that can only be read, and not aligned.
inline constexpr std::size_t bad_memory_count = 6;
const BadMemory (&bad_memory())[bad_memory_count];

}  // namespace test
