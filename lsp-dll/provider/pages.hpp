// Memory for what lives as long as the process: whole pages of the system's, zeroed, and no heap of the program's.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>

#include "../core/handle_table.hpp"

namespace lsp::provider {

// Null if there is none.
inline void* allocate_pages(std::size_t bytes) noexcept {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
inline void release_pages(void* memory, std::size_t) noexcept { VirtualFree(memory, 0, MEM_RELEASE); }

inline constexpr TableMemory page_memory{allocate_pages, release_pages};

}  // namespace lsp::provider
