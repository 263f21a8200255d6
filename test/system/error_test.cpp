#include <doctest/doctest.h>

#include "support.hpp"

using namespace lsp::system;

TEST_CASE("error numbers have their symbolic names") {
    const struct {
        std::uint32_t number;
        const char* name;
    } situations[] = {
        {ERROR_FILE_NOT_FOUND, "ERROR_FILE_NOT_FOUND"},
        {ERROR_ACCESS_DENIED, "ERROR_ACCESS_DENIED"},
        {ERROR_NOT_FOUND, "ERROR_NOT_FOUND"},
        {WSAEACCES, "WSAEACCES"},
        {WSAEINVAL, "WSAEINVAL"},
        {WSANO_RECOVERY, "WSANO_RECOVERY"},
        {WSAEPROVIDERFAILEDINIT, "WSAEPROVIDERFAILEDINIT"},
        {54321, "ERROR_54321"},
    };
    for (const auto& situation : situations) CHECK(error_name(situation.number) == situation.name);
}

TEST_CASE("an error's text is one line without a full stop") {
    for (const std::uint32_t number : {ERROR_FILE_NOT_FOUND, ERROR_ACCESS_DENIED, 54321l}) {
        const std::string text = error_text(number);
        CHECK_FALSE(text.empty());
        CHECK(text.find('\n') == std::string::npos);
        CHECK(text.back() != '.');
        CHECK(text.back() != ' ');
    }
}

TEST_CASE("a system error says attempt, reason, name and remedy") {
    const Error error = system_error(ERROR_ACCESS_DENIED, "RegCreateKeyExW", "Cannot write X", "Run it as Y.");
    CHECK(error.code == "ERROR_ACCESS_DENIED");
    CHECK(error.number == ERROR_ACCESS_DENIED);
    CHECK(error.syscall == "RegCreateKeyExW");
    CHECK(error.message ==
          "Cannot write X: " + error_text(ERROR_ACCESS_DENIED) + " (ERROR_ACCESS_DENIED). Run it as Y.");
}
