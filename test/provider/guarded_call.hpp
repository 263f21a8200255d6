// Calls that may fault, hang or fail: each runs in another thread and ends as a line of text.
#pragma once

#include <functional>
#include <string>

namespace test {

// "0", "error 10014", "fault in kernelbase.dll" or "hangs". What the call answers is an error number, 0 for success.
// A call that faults is ended there and then, so it may leave what it had locked or allocated.
std::string outcome_of(const std::function<int()>& call);

}  // namespace test
