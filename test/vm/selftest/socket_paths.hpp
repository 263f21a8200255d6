// Every way in which a program's socket meets an address, as a program without any knowledge of us uses it.
#pragma once

#include <string>

namespace selftest {

struct Addresses {
    std::string target;  // one of this host's, to which all goes
    std::string source;  // another one, which the rule names
};

// Goes every way once to the target and prints a line each, "ok - …" or "not ok - …", with what the target saw and what it
// should have seen: the source if `ruled`, any other address of the host if not. The number of ways that went wrong.
int go_all_ways(const Addresses& addresses, bool ruled);

}  // namespace selftest
