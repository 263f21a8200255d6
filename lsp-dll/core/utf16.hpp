// UTF-8 ⇄ UTF-16. Ill-formed input becomes U+FFFD, never an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lsp::text {

// Writes the text in UTF-8. `out` takes characters by +=, as a string does. `units` need not be aligned: it may be what
// the registry gave. Each unit is two bytes, little-endian.
template <typename Out>
void write_utf8(Out& out, const void* units, std::size_t count) {
    const auto* const bytes = static_cast<const unsigned char*>(units);
    const auto at = [bytes](std::size_t i) -> char32_t {
        return unsigned{bytes[2 * i]} | unsigned{bytes[2 * i + 1]} << 8U;
    };
    const auto byte = [&out](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    for (std::size_t i = 0; i < count; ++i) {
        char32_t c = at(i);
        if (c >= 0xD800 && c < 0xE000) {
            const char32_t low = i + 1 < count ? at(i + 1) : 0;
            if (c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                ++i;
            } else {
                c = 0xFFFD;
            }
        }
        if (c < 0x80) {
            byte(c);
        } else if (c < 0x800) {
            byte(0xC0 | (c >> 6));
            byte(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            byte(0xE0 | (c >> 12));
            byte(0x80 | ((c >> 6) & 0x3F));
            byte(0x80 | (c & 0x3F));
        } else {
            byte(0xF0 | (c >> 18));
            byte(0x80 | ((c >> 12) & 0x3F));
            byte(0x80 | ((c >> 6) & 0x3F));
            byte(0x80 | (c & 0x3F));
        }
    }
}

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
