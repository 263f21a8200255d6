// What changes the catalog asks for the rights first, and touches nothing without them.
#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/catalog_tools.hpp"
#include "setup/plan.hpp"
#include "system/handle.hpp"

using namespace lsp::setup;

namespace {

// This thread's token has the Administrators group for denials only, as UAC filters an administrator's.
class Filtered {
  public:
    Filtered() {
        HANDLE handle = nullptr;
        REQUIRE(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &handle));
        const Handle own(handle);
        BYTE sid[SECURITY_MAX_SID_SIZE];
        DWORD size = sizeof(sid);
        REQUIRE(CreateWellKnownSid(WinBuiltinAdministratorsSid, nullptr, sid, &size));
        SID_AND_ATTRIBUTES administrators = {sid, 0};
        REQUIRE(CreateRestrictedToken(own.get(), 0, 1, &administrators, 0, nullptr, 0, nullptr, &handle));
        const Handle restricted(handle);
        REQUIRE(DuplicateTokenEx(restricted.get(), TOKEN_QUERY | TOKEN_IMPERSONATE, nullptr, SecurityImpersonation,
                                 TokenImpersonation, &handle));
        const Handle impersonated(handle);
        REQUIRE(SetThreadToken(nullptr, impersonated.get()));
    }
    ~Filtered() { SetThreadToken(nullptr, nullptr); }
};

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE("without elevation nothing is changed, and whoever asks is told first") {
        const auto before = enumerate_catalog();
        REQUIRE(before);
        REQUIRE(is_elevated());
        {
            const Filtered filtered;
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
