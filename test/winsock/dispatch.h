// How an exported function reaches the provider of its socket.
#pragma once

#include "export_macro.h"
#include "handles.h"
#include "startup.h"
#include "thread_id.h"

namespace test_winsock {
inline int fail(int error) {
    SetLastError(error);
    return SOCKET_ERROR;
}

// The procedure table for the socket; null with the last error set.
inline const WSPPROC_TABLE* tableOf(SOCKET socket) {
    if (!IsStarted()) {
        SetLastError(WSANOTINITIALISED);
        return nullptr;
    }
    ProtocolItem* item = GetSocketItem(socket);
    if (item && item->provider->started.load(std::memory_order_acquire)) [[likely]]
        return &item->provider->table;
    int error = 0;
    item = ResolveSocket(socket, error);
    if (!item) {
        SetLastError(error);
        return nullptr;
    }
    return &item->provider->table;
}

// Calls the provider's function with the arguments and an error pointer that becomes the last error.
template <auto function, typename... Arguments>
int dispatch(SOCKET socket, Arguments... arguments) {
    const WSPPROC_TABLE* table = tableOf(socket);
    if (!table) return SOCKET_ERROR;
    int error = 0;
    const int result = (table->*function)(socket, arguments..., &error);
    if (result == SOCKET_ERROR) SetLastError(error);
    return result;
}

// As dispatch, for the calls that answer a new socket.
template <auto function, typename... Arguments>
SOCKET dispatchSocket(SOCKET socket, Arguments... arguments) {
    const WSPPROC_TABLE* table = tableOf(socket);
    if (!table) return INVALID_SOCKET;
    int error = 0;
    const SOCKET result = (table->*function)(socket, arguments..., &error);
    if (result == INVALID_SOCKET) SetLastError(error);
    return result;
}

// As dispatch, for the calls that answer a BOOL.
template <auto function, typename... Arguments>
BOOL dispatchBool(SOCKET socket, Arguments... arguments) {
    const WSPPROC_TABLE* table = tableOf(socket);
    if (!table) return FALSE;
    int error = 0;
    const BOOL result = (table->*function)(socket, arguments..., &error);
    if (!result) SetLastError(error);
    return result;
}
}  // namespace test_winsock
