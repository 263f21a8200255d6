// UTF-8 ⇄ UTF-16. Ill-formed input becomes U+FFFD, never an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lsp::text {

// `units` need not be aligned: it may be what the registry gave. Each unit is two bytes, little-endian.
std::string from_utf16(const void* units, std::size_t count);

// One character of UTF-8 from `position` on, which moves past it; past a single byte where the bytes there are
// ill-formed.
char32_t take_character(std::string_view utf8, std::size_t& position) noexcept;

// Calls `append(std::uint16_t)` for each unit of the text in UTF-16.
template <typename Append>
void to_utf16(std::string_view utf8, Append append) {
    for (std::size_t position = 0; position < utf8.size();) {
        const char32_t c = take_character(utf8, position);
        if (c >= 0x10000) {
            append(static_cast<std::uint16_t>(0xD800 + ((c - 0x10000) >> 10)));
            append(static_cast<std::uint16_t>(0xDC00 + (c & 0x3FF)));
        } else {
            append(static_cast<std::uint16_t>(c));
        }
    }
}

}  // namespace lsp::text
