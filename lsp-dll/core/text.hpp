// What the parsers of this folder share. Private to core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lsp::text {

// ASCII only: letters outside A-Z compare as they are, so that no locale and no Unicode tables are needed.
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// A decimal number from 0 to `maximum`: digits only, no sign, no leading zero. Anything else is nullopt.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum) noexcept;
std::string decimal(std::uint64_t number);

// The pieces between separators: always at least one, possibly empty.
std::vector<std::string_view> split(std::string_view text, char separator);

// A character that no text of ours may hold: a control character (C0, DEL, C1) or bytes that are not UTF-8.
struct Unprintable {
    std::size_t position;
    bool control;  // else ill-formed UTF-8
};
// The first one, or nullopt. A tab is one too unless `allow_tab`.
std::optional<Unprintable> find_unprintable(std::string_view text, bool allow_tab) noexcept;

inline constexpr std::size_t longest_shown = 64;

// The text as a message may repeat it: in double quotes, or described where it is longer than `longest_shown` bytes or
// holds what find_unprintable finds.
std::string shown(std::string_view text);

}  // namespace lsp::text
