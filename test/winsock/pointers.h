// Checks of the caller's pointers: the documented WSAEFAULT instead of a crash.
#pragma once

#include <windows.h>
#include <winsock2.h>

namespace test_winsock {
template <typename T>
bool canRead(const T* pointer, std::size_t count = 1) {
    return pointer && !IsBadReadPtr(pointer, sizeof(T) * count);
}

template <typename T>
bool canWrite(T* pointer, std::size_t count = 1) {
    return pointer && !IsBadWritePtr(pointer, sizeof(T) * count);
}

inline bool canReadText(const wchar_t* text) { return text && !IsBadStringPtrW(text, 0x1000); }
}  // namespace test_winsock
