// Why a text was rejected, and where.
#pragma once

#include <cstddef>
#include <string>

namespace lsp {

struct TextError {
    std::size_t line = 0;    // from 1; 0 when the text is one line by its nature
    std::size_t column = 0;  // from 1, in bytes: where the rejected word starts
    std::string message;     // what was expected and what was found
};

}  // namespace lsp
