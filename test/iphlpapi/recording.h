// What was asked and set, for tests to read: a line of JSON each, appended to the file that TEST_IPHLPAPI_RECORD names
// (a Windows path). Several processes may share it. Without the variable nothing is written.
#pragma once

#include <string>

namespace test_iphlpapi {

// `members`: of the JSON object, without braces.
void Record(const std::string& members);

}  // namespace test_iphlpapi
