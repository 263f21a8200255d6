#include "utf16.hpp"

namespace lsp::text {
namespace {

constexpr char32_t replacement = 0xFFFD;

void append_utf8(std::string& out, char32_t c) {
    const auto byte = [&out](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
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

}  // namespace

std::string from_utf16(const void* units, std::size_t count) {
    const auto* const bytes = static_cast<const unsigned char*>(units);
    const auto at = [bytes](std::size_t i) -> char32_t {
        return unsigned{bytes[2 * i]} | unsigned{bytes[2 * i + 1]} << 8U;
    };
    std::string out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        char32_t c = at(i);
        if (c >= 0xD800 && c < 0xE000) {
            const char32_t low = i + 1 < count ? at(i + 1) : 0;
            if (c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                ++i;
            } else {
                c = replacement;
            }
        }
        append_utf8(out, c);
    }
    return out;
}

char32_t take_character(std::string_view utf8, std::size_t& position) noexcept {
    const auto at = [&utf8](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
    const unsigned char lead = at(position++);
    if (lead < 0x80) return lead;
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || utf8.size() - position < more) return replacement;
    char32_t c = lead & (0x3Fu >> more);
    for (std::size_t i = 0; i < more; ++i) {
        if ((at(position + i) & 0xC0) != 0x80) return replacement;
        c = c << 6 | (at(position + i) & 0x3Fu);
    }
    const bool overlong = (more == 2 && c < 0x800) || (more == 3 && c < 0x10000);
    if (overlong || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return replacement;
    position += more;
    return c;
}

}  // namespace lsp::text
