// Everything a program can get wrong in a call that we hook: call x pointer x kind and state of the socket, and call x
// foreign handle. All of it is run once without our DLL and once with it; the outcomes must be the same.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace test {

struct Situation {
    std::string name;
    std::function<std::string()> outcome;  // runs it: "0", "error N", "fault in MODULE" or "hangs"
};
using Situations = std::vector<Situation>;

Situations bad_arguments();
Situations foreign_handles();

// Whether there may be no further calls in this process: 32-bit Wine loses a lock in a call that faults, and from then
// on every call hangs.
bool is_fatal(const std::string& outcome);

}  // namespace test
