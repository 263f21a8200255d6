#include <doctest/doctest.h>

#include "catalog_support.hpp"
#include "support.hpp"

using namespace lsp::system;

TEST_CASE("a chain whose entries are all gone is led to the base provider, or is an error that says so") {
    const CatalogEntry chain = make_entry(4711, L"chain", tcp4, other_chain_guid, {4712, 4713});
    const auto lower = lower_provider(chain.info);
    if (lower) {
        CHECK(lower->info.iAddressFamily == AF_INET);
        CHECK(lower->path.find(L'%') == std::wstring::npos);
    } else {
        CHECK(code_of(lower) == "ERR_NO_LOWER_PROVIDER");
    }
    const CatalogEntry strange = make_entry(4711, L"chain", {99, 99, 99}, other_chain_guid, {4712, 4713});
    CHECK(code_of(lower_provider(strange.info)) == "ERR_NO_LOWER_PROVIDER");
}
