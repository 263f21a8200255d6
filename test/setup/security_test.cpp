// Who has which rights to what we make.
#include "setup/security.hpp"

#include <doctest/doctest.h>

#include "setup/file_system.hpp"

using namespace lsp::setup;

namespace {

constexpr char system_sid[] = "S-1-5-18", administrators[] = "S-1-5-32-544", everyone[] = "S-1-1-0";

// SYSTEM and Administrators all, everyone `reading`, and nobody else anything: no application package, either.
void check_rights(const AccessRights& rights, std::uint32_t all, std::uint32_t reading) {
    REQUIRE(rights.known);
    CHECK_FALSE(rights.everybody);
    CHECK(rights.owner == administrators);
    const auto of = [&rights](const char* account) {
        std::uint32_t granted = 0;
        for (const AccessEntry& entry : rights.entries) {
            if (entry.account == account) granted |= entry.rights;
        }
        return granted;
    };
    CHECK(of(system_sid) == all);
    CHECK(of(administrators) == all);
    CHECK(of(everyone) == reading);
    for (const AccessEntry& entry : rights.entries) {
        CAPTURE(entry.account);
        CHECK(entry.type == ACCESS_ALLOWED_ACE_TYPE);
        CHECK((entry.account == system_sid || entry.account == administrators || entry.account == everyone));
    }
}

AccessRights rights_of_text(const wchar_t* sddl) {
    SecurityAttributes security(sddl);
    REQUIRE(security.get() != nullptr);
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision = 0;
    REQUIRE(GetSecurityDescriptorControl(security.get()->lpSecurityDescriptor, &control, &revision));
    CHECK((control & SE_DACL_PROTECTED) != 0);  // nothing comes from above: Program Files lets application packages in
    return rights_of(security.get()->lpSecurityDescriptor);
}

}  // namespace

TEST_CASE("what we make can be written by SYSTEM and Administrators, read by everyone, and by no app container") {
    check_rights(rights_of_text(file_rights), FILE_ALL_ACCESS, FILE_GENERIC_READ | FILE_GENERIC_EXECUTE);
    check_rights(rights_of_text(folder_rights), FILE_ALL_ACCESS, FILE_GENERIC_READ | FILE_GENERIC_EXECUTE);
    check_rights(rights_of_text(policy_store_rights), KEY_ALL_ACCESS, KEY_READ);
}
