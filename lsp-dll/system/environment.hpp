// Environment strings in paths that the catalog holds.
#pragma once

#include <string>

namespace lsp::system {

std::wstring expand_environment(const std::wstring& text);  // empty if it cannot be

}  // namespace lsp::system
