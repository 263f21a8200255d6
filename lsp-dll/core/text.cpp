#include "text.hpp"

#include <algorithm>

namespace lsp::text {
namespace {

// The length of the well-formed UTF-8 sequence that starts `text` (Unicode, table 3-7), or 0.
std::size_t utf8_sequence(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return continues(1) ? 2 : 0;
    if (lead < 0xF0) {
        const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
        const bool surrogate = lead == 0xED && byte(1) > 0x9F;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead < 0xF5) {
        const bool overlong = lead == 0xF0 && byte(1) < 0x90;
        const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

constexpr std::size_t longest_name = 64;

}  // namespace

bool is_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), [](char c) noexcept {
        return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '_' || c == '-';
    });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum) noexcept {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (digit > maximum || number > (maximum - digit) / 10) return std::nullopt;
        number = number * 10 + digit;
    }
    return number;
}

bool Pieces::next(std::string_view& piece) noexcept {
    if (ended_) return false;
    const std::size_t end = rest_.find(separator_);
    piece = piece_of(rest_, 0, end);
    ended_ = end == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(end + 1);
    return true;
}

std::optional<Unprintable> find_unprintable(std::string_view text, bool allow_tab) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::size_t length = utf8_sequence(piece_of(text, i));
        if (length == 0) return Unprintable{i, false};
        const bool c0 = (byte < 0x20 && !(allow_tab && byte == '\t')) || byte == 0x7F;
        const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c0 || c1) return Unprintable{i, true};
        i += length;
    }
    return std::nullopt;
}

}  // namespace lsp::text
