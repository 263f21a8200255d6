// This same program once more, as another process.
#pragma once

#include <string>

namespace test {

// Runs it with these arguments to its end, its output on ours. Handles that can be inherited are. The exit code; -1 if
// it did not start, or did not end within 30 s.
int run_self(const std::string& arguments);

// The same for the program at this path, which is started as it is written.
int run_program(const std::wstring& path, const std::string& arguments);

}  // namespace test
