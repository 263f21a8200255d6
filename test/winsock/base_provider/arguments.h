// Wine reads the program's arguments as they come; Windows answers WSAEFAULT for pointers that lead nowhere.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <cstdint>

namespace base_provider {
// Nothing to read is always readable.
inline bool IsReadable(const void* pointer, std::size_t size) { return size == 0 || !IsBadReadPtr(pointer, size); }
inline bool IsWritable(void* pointer, std::size_t size) { return size == 0 || !IsBadWritePtr(pointer, size); }

inline bool IsReadableAddress(const sockaddr* name, int length) {
    // Wine would copy a negative length as a huge one, over whatever lies behind.
    return name && length >= 0 && IsReadable(name, static_cast<std::size_t>(length));
}

inline bool AreReadableBuffers(const WSABUF* buffers, DWORD count) {
    if (!IsReadable(buffers, count * sizeof *buffers)) return false;
    for (DWORD i = 0; i < count; i++)
        if (!IsReadable(buffers[i].buf, buffers[i].len)) return false;
    return true;
}

// An address that the call fills in; `required`: the call cannot do without it.
inline bool IsWritableAddress(sockaddr* name, int* length, bool required) {
    if (!name && !required) return true;
    return IsWritable(length, sizeof *length) && *length >= 0 && IsWritable(name, static_cast<std::size_t>(*length));
}

// With as many sockets as it says; Wine believes the number, and overruns its own memory.
inline bool IsWritableSet(fd_set* set) {
    if (!IsWritable(set, sizeof set->fd_count)) return false;
    const std::uint64_t size = offsetof(fd_set, fd_array) + std::uint64_t{set->fd_count} * sizeof(SOCKET);
    return size <= SIZE_MAX && IsWritable(set, static_cast<std::size_t>(size));
}

inline int Fault(LPINT error) {
    *error = WSAEFAULT;
    return SOCKET_ERROR;
}
}  // namespace base_provider
