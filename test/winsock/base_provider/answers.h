#pragma once

namespace base_provider {
// The error that TEST_WINSOCK_ANSWER tells this provider to give instead of making the call; 0: make it. Its value is
// the words of one call and the error: "bind 10048", "WSASendMsg 10022" (with packet information only), "setsockopt
// LEVEL OPTION 10042". A program sets it as it goes along.
int AnswerFor(const char* call, int level = 0, int option = 0);
}  // namespace base_provider
