#include "utf16.hpp"

namespace lsp::text {
namespace {

constexpr char32_t replacement = 0xFFFD;

}  // namespace

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
