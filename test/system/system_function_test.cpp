#include "system/system_function.hpp"

#include <doctest/doctest.h>

using namespace lsp::system;

namespace {

bool can_be_loaded = false;
int asked = 0;

HMODULE find_sometimes(SystemLibrary library) noexcept {
    ++asked;
    return can_be_loaded ? find_library(library) : nullptr;
}

}  // namespace

TEST_CASE("a function whose library could not be loaded is looked for again, one that the library lacks is not") {
    SystemFunction<DWORD WINAPI(), find_sometimes> there(SystemLibrary::kernel32, "GetCurrentProcessId");
    SystemFunction<DWORD WINAPI(), find_sometimes> lacking(SystemLibrary::kernel32, "NoSuchFunction");
    can_be_loaded = false;
    CHECK((there.get() == nullptr));
    CHECK((lacking.get() == nullptr));
    can_be_loaded = true;
    REQUIRE((there.get() != nullptr));
    CHECK(there.get()() == GetCurrentProcessId());
    CHECK((lacking.get() == nullptr));
    const int before = asked;
    CHECK((lacking.get() == nullptr));
    CHECK((there.get() != nullptr));
    CHECK(asked == before);
}
