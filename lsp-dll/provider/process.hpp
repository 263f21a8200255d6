// The program that we are in.
#pragma once

#include <string_view>

namespace lsp::provider {

// Finds out the path of the program's image; called before the first decision. False if there is no memory to do so.
bool remember_process() noexcept;

// Full path, however the program was started (image_path.hpp), UTF-8; empty if the system did not tell.
std::string_view process_path() noexcept;

}  // namespace lsp::provider
