#include "system/text.hpp"

#include <doctest/doctest.h>

using namespace lsp::system;

TEST_CASE("text converts both ways") {
    const struct {
        std::string utf8;
        std::wstring utf16;
    } situations[] = {
        {"", L""},
        {"tun0", L"tun0"},
        {"\xC3\xBC", L"\u00FC"},
        {"\xE2\x82\xAC", L"\u20AC"},
        {"\xF0\x9F\x98\x80", L"\xD83D\xDE00"},
        {std::string("a\0b", 3), std::wstring(L"a\0b", 3)},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.utf8);
        CHECK(widen(situation.utf8) == situation.utf16);
        CHECK(narrow(situation.utf16) == situation.utf8);
    }
}

TEST_CASE("ill-formed text becomes U+FFFD") {
    CHECK(widen("a\xFFz") == L"a\xFFFDz");
    CHECK(widen("\xC0\xAF") == L"\xFFFD\xFFFD");            // overlong
    CHECK(widen("\xED\xA0\x80") == L"\xFFFD\xFFFD\xFFFD");  // a surrogate
    CHECK(widen("\xF4\x90\x80\x80").front() == L'\xFFFD');  // beyond U+10FFFF
    CHECK(widen("\xE2\x82") == L"\xFFFD\xFFFD");            // cut off
    CHECK(narrow(L"\xD800") == "\xEF\xBF\xBD");
    CHECK(narrow(L"\xDC00x") == "\xEF\xBF\xBDx");
}
