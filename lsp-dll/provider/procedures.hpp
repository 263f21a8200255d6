// What a chain hands out instead of the lower provider's procedures. The list of hooked calls stands in procedures.cpp,
// once.
#pragma once

#include "chain.hpp"

namespace lsp::provider {

// Fills `table` for the chain in `slot`. What is not hooked stays the lower provider's own pointer.
void fill_procedure_table(std::size_t slot, WSPPROC_TABLE& table) noexcept;

// The lower provider has given the extension function `id` into `out`: swaps it for ours if it is hooked, and remembers
// the lower one.
void replace_extension(Chain& chain, const GUID& id, void* out) noexcept;

}  // namespace lsp::provider
