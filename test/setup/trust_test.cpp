#include "setup/trust.hpp"

#include <doctest/doctest.h>

#include "../system/support.hpp"
// Below windows.h, which it needs.
#include <sddl.h>

using namespace lsp::setup;

TEST_CASE("who can replace a DLL, by its rights and those of its folders") {
    constexpr auto file = TrustedObject::file, folder = TrustedObject::folder, ancestor = TrustedObject::ancestor;
    const struct {
        const char* what;
        const wchar_t* sddl;
        TrustedObject object;
        const char* who;
    } situations[] = {
        {"administrators only", L"O:BAG:BAD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;BU)", file, ""},
        {"TrustedInstaller's", L"O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:(A;;FRFX;;;BU)",
         file, ""},
        {"users may write", L"O:BAD:(A;;FA;;;BA)(A;;FRFW;;;BU)", file, "S-1-5-32-545"},
        {"users may delete", L"O:BAD:(A;;FA;;;BA)(A;;SD;;;BU)", file, "S-1-5-32-545"},
        {"everyone may change the rights", L"O:BAD:(A;;WD;;;WD)", file, "S-1-1-0"},
        {"a user owns it", L"O:S-1-5-21-1-2-3-1001D:(A;;FA;;;BA)", file, "S-1-5-21-1-2-3-1001"},
        {"no DACL", L"O:BAG:BA", file, "the null DACL"},
        {"for what is made in it only", L"O:BAD:(A;;FA;;;BA)(A;OICIIO;GA;;;CO)", folder, ""},
        {"users may add files", L"O:BAD:(A;;FA;;;BA)(A;;0x2;;;BU)", folder, "S-1-5-32-545"},
        {"users may add folders", L"O:BAD:(A;;FA;;;BA)(A;;0x4;;;AU)", folder, ""},
        {"users may add files above", L"O:BAD:(A;;FA;;;BA)(A;;0x6;;;AU)", ancestor, ""},
        {"users may delete what is in it", L"O:BAD:(A;;FA;;;BA)(A;;0x40;;;AU)", ancestor, "S-1-5-11"},
        {"users are denied", L"O:BAD:(D;;FA;;;BU)(A;;FA;;;BA)", file, ""},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        PSECURITY_DESCRIPTOR descriptor = nullptr;
        REQUIRE(ConvertStringSecurityDescriptorToSecurityDescriptorW(situation.sddl, SDDL_REVISION_1, &descriptor,
                                                                     nullptr));
        CHECK(who_can_replace(descriptor, situation.object) == situation.who);
        LocalFree(descriptor);
    }
}
