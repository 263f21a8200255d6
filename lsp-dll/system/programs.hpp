// The running programs.
#pragma once

#include <vector>

#include "../core/connections.hpp"

namespace lsp::system {

// All of them by NtQuerySystemInformation: id, start and file name, which needs no rights. The path in full of those in
// `with_path` (process ids) that this process may ask: its user's own, and more where it is elevated. A name has no
// control characters. Empty if the system has no such list.
std::vector<Program> list_programs(const std::vector<std::uint32_t>& with_path);

}  // namespace lsp::system
