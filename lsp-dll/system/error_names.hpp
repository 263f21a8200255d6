// Private to system: the table behind error_name.
#pragma once

#include <cstdint>

namespace lsp::system {

const char* find_error_name(std::uint32_t number) noexcept;  // null if it is not in the table

}  // namespace lsp::system
