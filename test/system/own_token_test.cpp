#include "system/own_token.hpp"

#include <doctest/doctest.h>

#include "filtered_token.hpp"
#include "setup/security.hpp"

using lsp::setup::is_elevated;
using lsp::system::OwnToken;

TEST_CASE("own token: a thread that impersonates has its process's rights for a while, and then its client's again") {
    REQUIRE(is_elevated());
    {
        const FilteredToken client;
        CHECK_FALSE(is_elevated());
        {
            const OwnToken own;
            CHECK(is_elevated());
            SetLastError(4711);
        }
        CHECK(GetLastError() == 4711);
        CHECK_FALSE(is_elevated());
    }
    {
        const OwnToken own;  // a thread that does not impersonate
        CHECK(is_elevated());
    }
    CHECK(is_elevated());
}
