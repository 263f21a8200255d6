#include "text.hpp"

#include <cstdint>

#include "../core/text.hpp"

namespace lsp::system {
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

// One character from `position` on, which moves past it; past a single byte where the bytes there are ill-formed.
char32_t take_utf8(std::string_view text, std::size_t& position) {
    const auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(position++);
    if (lead < 0x80) return lead;
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - position < more) return replacement;
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

}  // namespace

std::string narrow(std::wstring_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char32_t c = static_cast<std::uint16_t>(text[i]);
        if (c >= 0xD800 && c < 0xE000) {
            const char32_t low = i + 1 < text.size() ? static_cast<std::uint16_t>(text[i + 1]) : 0;
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

std::wstring widen(std::string_view text) {
    std::wstring out;
    out.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        char32_t c = take_utf8(text, position);
        if (c >= 0x10000) {
            c -= 0x10000;
            out += static_cast<wchar_t>(0xD800 + (c >> 10));
            c = 0xDC00 + (c & 0x3FF);
        }
        out += static_cast<wchar_t>(c);
    }
    return out;
}

void Piece::append_to(std::string& out) const {
    if (text_ != nullptr) {
        out.append(text_, size_);
    } else if (wide_text_ != nullptr) {
        out += narrow({wide_text_, size_});
    } else {
        out += text::decimal(number_);
    }
}

std::string concat(std::initializer_list<Piece> pieces) {
    std::string out;
    for (const Piece& piece : pieces) piece.append_to(out);
    return out;
}

}  // namespace lsp::system
