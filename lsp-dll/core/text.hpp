// What the parsers of this folder share. Private to core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lsp::text {

// ASCII only: letters outside A-Z compare as they are, so that no locale and no Unicode tables are needed.
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// What names a tunnel or a log-in: 1 to 64 of A-Z a-z 0-9 . _ -
bool is_name(std::string_view text) noexcept;

// As std::string_view::substr, which throws where `position` is beyond the end: here that is an empty piece.
constexpr std::string_view piece_of(std::string_view text, std::size_t position,
                                    std::size_t count = std::string_view::npos) noexcept {
    if (position >= text.size()) return {text.data() + text.size(), 0};
    const std::size_t rest = text.size() - position;
    return {text.data() + position, count < rest ? count : rest};
}

// A decimal number from 0 to `maximum`: digits only, no sign, no leading zero. Anything else is nullopt.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum) noexcept;

// Writes the number in decimal. `out` takes characters by +=, as a string does.
template <typename Out>
void write_decimal(Out& out, std::uint64_t number) {
    char digits[20];
    std::size_t first = sizeof(digits);
    do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (; first < sizeof(digits); ++first) out += digits[first];
}

// The pieces between separators: always at least one, possibly empty.
class Pieces {
  public:
    constexpr Pieces(std::string_view text, char separator) noexcept : rest_(text), separator_(separator) {}

    // False after the last.
    bool next(std::string_view& piece) noexcept;

  private:
    std::string_view rest_;
    char separator_;
    bool ended_ = false;
};

// A character that no text of ours may hold: a control character (C0, DEL, C1) or bytes that are not UTF-8.
struct Unprintable {
    std::size_t position;
    bool control;  // else ill-formed UTF-8
};
// The first one, or nullopt. A tab is one too unless `allow_tab`.
std::optional<Unprintable> find_unprintable(std::string_view text, bool allow_tab) noexcept;

// What only wants to know how long a text would be, or which.
class Length {
  public:
    Length& operator+=(char) noexcept {
        ++size_;
        return *this;
    }
    Length& operator+=(std::string_view text) noexcept {
        size_ += text.size();
        return *this;
    }
    std::size_t size() const noexcept { return size_; }

  private:
    std::size_t size_ = 0;
};

}  // namespace lsp::text
