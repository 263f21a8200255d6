// When the protocol catalog was changed last.
#pragma once

namespace lsp::system {

// Whether that was after this process began. False where it cannot be told.
bool catalog_changed_since_start() noexcept;

}  // namespace lsp::system
