// What the files of the base provider share.
#pragma once

#include <ws2spi.h>

#include "../system_winsock.h"

namespace base_provider {
using test_winsock::systemWinsock;

// As given to the first WSPStartup.
extern WSPUPCALLTABLE upcalls;

// The procedure tables of the modes TEST_WINSOCK_BASE=wine and =null.
const WSPPROC_TABLE& WineTable();
const WSPPROC_TABLE& NullTable();

// The end of a call that answers SOCKET_ERROR (or FALSE, INVALID_SOCKET) and sets the last error.
template <typename Result>
Result finish(Result result, Result failure, LPINT error) {
    if (result == failure) *error = static_cast<int>(GetLastError());
    return result;
}

inline int finish(int result, LPINT error) { return finish(result, SOCKET_ERROR, error); }

// TEST_WINSOCK_NO_SENDMSG: the provider is one of NT 5, which had no WSASendMsg.
bool LacksSendMessage();
}  // namespace base_provider
