// The file that TEST_OUTCOMES_WITHOUT names: what every situation (hostile_situations.hpp) gives without our DLL.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace test {

std::vector<std::pair<std::string, std::string>> read_outcomes();  // situation, outcome

// Runs all situations and writes the file anew: in one process as long as Wine survives its own faults, else in the
// next one from there on. False if a process ended before its time.
bool write_outcomes_in_children();

// What such a process does (suite "outcomes", because doctest's checks want to run in a test case): it goes on after
// the file's last line. False if the file could not be written.
bool go_on_with_outcomes();

}  // namespace test
