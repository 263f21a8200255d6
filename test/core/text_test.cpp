#include "core/text.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/readable.hpp"

namespace text = lsp::text;

TEST_CASE("a number is decimal digits alone, without leading zeros, up to its maximum") {
    CHECK(text::parse_number("0", 0) == 0);
    CHECK(text::parse_number("65535", 65535) == 65535);
    CHECK(text::parse_number("18446744073709551615", UINT64_MAX) == UINT64_MAX);
    for (const char* const wrong : {"", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "1.0", "65536",
                                    "18446744073709551616", "99999999999999999999999999999999"}) {
        CAPTURE(wrong);
        CHECK_FALSE(text::parse_number(wrong, 65535));
    }
    CHECK_FALSE(text::parse_number("18446744073709551616", UINT64_MAX));
    CHECK(text::decimal(0) == "0");
    CHECK(text::decimal(UINT64_MAX) == "18446744073709551615");
}

TEST_CASE("control characters and ill-formed UTF-8 are found where they stand") {
    using namespace std::string_literals;
    const struct {
        std::string text;
        int position;  // -1: nothing found
        bool control;
    } table[] = {
        {"", -1, false},
        {"plain ~ text", -1, false},
        {"caf\xC3\xA9 \xE4\xBB\xA5 \xF0\x9F\x98\x80", -1, false},
        {"a\0b"s, 1, true},
        {"ab\x1F", 2, true},
        {"a\x7F", 1, true},
        {"a\r", 1, true},
        {"\xC2\x80", 0, true},  // C1
        {"x\xC2\x9B", 1, true},
        {"\xC2\xA0", -1, false},
        {"\x80", 0, false},      // a continuation alone
        {"ab\xC3", 2, false},    // cut short
        {"\xC0\x80", 0, false},  // overlong
        {"\xC1\xBF", 0, false},
        {"\xE0\x9F\xBF", 0, false},
        {"\xF0\x8F\xBF\xBF", 0, false},
        {"\xED\xA0\x80", 0, false},  // a surrogate
        {"\xEE\x80\x80", -1, false},
        {"\xF4\x8F\xBF\xBF", -1, false},
        {"\xF4\x90\x80\x80", 0, false},  // beyond U+10FFFF
        {"\xF5\x80\x80\x80", 0, false},
        {"\xFF", 0, false},
        {"\xE4\xBB", 0, false},
        {"\xF0\x9F\x98", 0, false},
        {"\xE4\x41\x42", 0, false},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        const auto found = text::find_unprintable(row.text, false);
        CHECK((found ? static_cast<int>(found->position) : -1) == row.position);
        if (found) CHECK(found->control == row.control);
    }
    CHECK(text::find_unprintable("a\tb", false));
    CHECK_FALSE(text::find_unprintable("a\tb", true));
}

TEST_CASE("a message repeats only what is short and printable") {
    CHECK(text::shown("abc") == "\"abc\"");
    CHECK(text::shown("") == "\"\"");
    CHECK(text::shown(std::string(64, 'x')).size() == 66);
    CHECK(text::shown(std::string(65, 'x')) == "a text of 65 bytes");
    CHECK(text::shown("a\x1B[31m") == "a text with control characters");
    CHECK(text::shown("\xFF") == "a text that is not UTF-8");
}

TEST_CASE("comparison ignores the case of A-Z and of nothing else") {
    CHECK(text::equal_ignoring_case("Keep", "kEEP"));
    CHECK_FALSE(text::equal_ignoring_case("keep", "keep "));
    CHECK_FALSE(text::equal_ignoring_case("\xC3\x89", "\xC3\xA9"));
    CHECK_FALSE(text::equal_ignoring_case("[", "{"));
    CHECK_FALSE(text::equal_ignoring_case("@", "`"));
}

TEST_CASE("splitting gives every piece, the empty ones too") {
    using Pieces = std::vector<std::string_view>;
    CHECK(text::split("", ',') == Pieces{""});
    CHECK(text::split("a", ',') == Pieces{"a"});
    CHECK(text::split("a,,b,", ',') == Pieces{"a", "", "b", ""});
}
