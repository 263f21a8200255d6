// Copies to and from memory that the program named and that may not exist.
#pragma once

#include <cstddef>

namespace lsp::provider {

// memcpy that answers false instead of raising an access violation, whichever side is bad. What was copied before the
// fault stays copied. By structured exception handling, so it costs nothing while nothing is wrong, and unlike a check
// beforehand it cannot be overtaken by another thread that frees the memory meanwhile.
bool guarded_copy(void* to, const void* from, std::size_t bytes) noexcept;

// The same for 16 to 32 bytes, which every socket address is: on the way of each datagram.
bool guarded_copy_address(void* to, const void* from, std::size_t bytes) noexcept;

template <typename T>
bool guarded_read(T& to, const void* from) noexcept {
    return guarded_copy(&to, from, sizeof(T));
}

template <typename T>
bool guarded_write(void* to, const T& from) noexcept {
    return guarded_copy(to, &from, sizeof(T));
}

}  // namespace lsp::provider
