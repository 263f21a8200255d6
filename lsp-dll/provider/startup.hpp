// WSPStartup and WSPCleanup: which chain runs in which slot.
#pragma once

#include <winsock2.h>

#include <cstddef>

namespace lsp::provider {

// WSPCleanup of the chain in `slot`: cleans up below, and sets the slot free for the same chain to start again.
int clean_up(std::size_t slot, LPINT error) noexcept;

}  // namespace lsp::provider
