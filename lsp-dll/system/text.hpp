// UTF-8 ⇄ UTF-16. Ill-formed input becomes U+FFFD, never an error.
#pragma once

#include <string>
#include <string_view>

namespace lsp::system {

std::string narrow(std::wstring_view text);
std::wstring widen(std::string_view text);

}  // namespace lsp::system
