// Everything a program can get wrong in a call that we hook, as a table: call x pointer x state of the socket, and call
// x foreign handle. The table is run once without our DLL and once with it; the outcomes must be the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace test {

using Outcomes = std::vector<std::pair<std::string, std::string>>;  // situation, outcome

Outcomes outcomes_of_bad_arguments();
Outcomes outcomes_on_foreign_handles();

}  // namespace test
