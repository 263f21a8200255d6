// The procedure table that a chain hands to ws2_32: the lower provider's, with our hooks over what concerns addresses.
#pragma once

#include "chain.hpp"

namespace lsp::provider {

// Fills `table` for the chain in `slot`. What is not hooked stays the lower provider's own pointer.
void fill_procedure_table(std::size_t slot, WSPPROC_TABLE& table) noexcept;

// The extension functions of the chain in `slot`.
LPFN_CONNECTEX connect_ex_of(const Chain& chain) noexcept;
LPFN_WSASENDMSG send_msg_of(const Chain& chain) noexcept;
LPFN_WSARECVMSG recv_msg_of(const Chain& chain) noexcept;

}  // namespace lsp::provider
