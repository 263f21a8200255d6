// Whole lives of a process: how it ends with sockets open, how often it starts Winsock. Each is a run of this same
// program as `provider_tests child NAME`.
#pragma once

#include <cstddef>

namespace test {

// What a child answers with when it ended as it was told to; 1 and a line on standard output when something was wrong.
inline constexpr unsigned child_succeeded = 42;

struct Child {
    const char* name;
    unsigned (*run)();  // Winsock is not started
};
inline constexpr std::size_t child_count = 12;
extern const Child children[child_count];

int run_child(const char* name);

}  // namespace test
