// What changes the catalog asks for the rights first, and touches nothing without them.
#include <doctest/doctest.h>

#include "../system/filtered_token.hpp"
#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/catalog_tools.hpp"
#include "setup/plan.hpp"
#include "setup/security.hpp"

using namespace lsp::setup;

TEST_SUITE("test winsock") {
    TEST_CASE("without elevation nothing is changed, and whoever asks is told first") {
        const auto before = enumerate_catalog();
        REQUIRE(before);
        REQUIRE(is_elevated());
        {
            const FilteredToken filtered;
            REQUIRE_FALSE(is_elevated());
            InstallOptions options;
            options.dll = L"C:\\none.dll";  // not even looked for
            const auto installed = install_provider(options);
            const auto removed = remove_provider();
            const auto ordered = order_catalog(native_architecture, {4711}, true);
            const auto restored = restore_catalogs({}, {});
            for (const Error& error : {installed.error(), removed.error(), ordered.error(), restored.error()}) {
                CAPTURE(error.message);
                CHECK(error.code == "ERROR_ACCESS_DENIED");
                CHECK(contains(error.message, "not elevated"));
                CHECK(contains(error.message, "Run it from an elevated prompt."));
            }
            // What only looks needs no rights.
            CHECK(plan_remove());
            RestoreOptions dry;
            dry.dry_run = true;
            CHECK(restore_catalogs({}, dry));
        }
        const auto after = enumerate_catalog();
        REQUIRE(after);
        CHECK(order_of(*after) == order_of(*before));
    }
}
