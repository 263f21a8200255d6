#include "setup/publishers.hpp"

#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/text.hpp"
// Below windows.h
#include <sddl.h>

using lsp::Tunnel;
using namespace lsp::setup;

namespace {

const std::wstring users = L"S-1-5-32-545";

struct EmptyStore {
    EmptyStore() { REQUIRE(delete_policy_store()); }
    ~EmptyStore() { CHECK(delete_policy_store()); }
};

// A key's owner, group and access list, as the system gives them back.
std::string rights_of(const std::wstring& subkey) {
    const std::wstring path = std::wstring(policy_store_key) + (subkey.empty() ? L"" : L"\\" + subkey);
    HKEY key = nullptr;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS)
        return "";
    alignas(DWORD) unsigned char descriptor[4096];
    DWORD size = sizeof(descriptor);
    const SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
    const LONG error = RegGetKeySecurity(key, what, descriptor, &size);
    RegCloseKey(key);
    wchar_t* text = nullptr;
    if (error != ERROR_SUCCESS ||
        !ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, what, &text, nullptr)) {
        return "error";
    }
    const std::string result = narrow(text);
    LocalFree(text);
    return result;
}

}  // namespace

TEST_CASE_FIXTURE(EmptyStore, "publishers: nobody unless told") {
    REQUIRE(create_policy_store());
    const auto allowed = publishers();
    REQUIRE(allowed);
    CHECK(allowed->empty());
    CHECK(forbid_publishers());
    CHECK(rights_of(L"DelegatedTunnels") == "");
}

TEST_CASE_FIXTURE(EmptyStore,
                  "publishers: a group gets the right to make subkeys in one key, and no other right anywhere") {
    REQUIRE(create_policy_store());
    const std::string store = rights_of(L""), tunnels = rights_of(L"Tunnels");
    const auto group = find_account(users);
    REQUIRE_MESSAGE(group, message_of(group));
    const auto allowed = allow_publishers({*group});
    REQUIRE_MESSAGE(allowed, message_of(allowed));

    const std::string rights = rights_of(L"DelegatedTunnels");
    CAPTURE(rights);
    // Of the list's entries those that are about the group: one, which subkeys do not inherit.
    std::size_t entries = 0;
    for (std::size_t at = rights.find(";;;BU)"); at != std::string::npos; at = rights.find(";;;BU)", at + 1)) ++entries;
    CHECK(entries == 1);
    CHECK(contains(rights, "(A;;CCLCSWRPRC;;;BU)"));  // KEY_READ and KEY_CREATE_SUB_KEY
    CHECK(contains(rights, "D:P"));                   // nothing comes from above
    CHECK(rights_of(L"") == store);
    CHECK(rights_of(L"Tunnels") == tunnels);

    const auto now = publishers();
    REQUIRE(now);
    REQUIRE(now->size() == 1);
    CHECK(now->front().sid == users);
    CHECK(now->front().name == group->name);
    CHECK(forbid_publishers());
    CHECK(publishers()->empty());
}

TEST_CASE_FIXTURE(EmptyStore, "publishers: another group takes the place of the first, and what that published goes") {
    REQUIRE(allow_publishers({*find_account(users)}));
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.delegated = true;
    REQUIRE(write_tunnel(tunnel));
    REQUIRE(read_policy()->tunnels.size() == 1);
    REQUIRE(allow_publishers({*find_account(L"S-1-5-11")}));  // Authenticated Users
    CHECK(publishers()->size() == 1);
    CHECK(publishers()->front().sid == L"S-1-5-11");
    CHECK(read_policy()->tunnels.empty());
}

TEST_CASE_FIXTURE(EmptyStore, "publishers: several may, each once, and the same in another order changes nothing") {
    const Account group = *find_account(users), all = *find_account(L"S-1-5-11");
    CHECK(code_of(allow_publishers({})) == "ERROR_INVALID_PARAMETER");
    CHECK(code_of(allow_publishers(std::vector<Account>(1, group))) == "");
    REQUIRE(allow_publishers({group, all, group}));
    REQUIRE(publishers()->size() == 2);
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.delegated = true;
    REQUIRE(write_tunnel(tunnel));
    REQUIRE(allow_publishers({all, group}));
    CHECK(publishers()->size() == 2);
    CHECK(read_policy()->tunnels.size() == 1);
    REQUIRE(allow_publishers({all}));
    CHECK(publishers()->size() == 1);
    CHECK(read_policy()->tunnels.empty());
}

TEST_CASE_FIXTURE(
    EmptyStore,
    "publishers: what somebody has put below a tunnel keeps it from being erased, and goes with the right") {
    REQUIRE(allow_publishers({*find_account(users)}));
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.delegated = true;
    REQUIRE(write_tunnel(tunnel));
    HKEY key = nullptr;
    const std::wstring path = std::wstring(policy_store_key) + L"\\DelegatedTunnels\\vpn\\below";
    REQUIRE(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, nullptr, REG_OPTION_VOLATILE,
                            KEY_READ | KEY_WOW64_64KEY, nullptr, &key, nullptr) == ERROR_SUCCESS);
    RegCloseKey(key);
    CHECK(code_of(erase_tunnel("vpn", true)) == "ERROR_KEY_HAS_CHILDREN");
    CHECK(rights_of(L"DelegatedTunnels\\vpn\\below") != "");
    const auto forbidden = forbid_publishers();
    CHECK_MESSAGE(forbidden, message_of(forbidden));
    CHECK(publishers()->empty());
    CHECK(rights_of(L"DelegatedTunnels") == "");
}

TEST_CASE("publishers: a group or an account is found by name and by SID, and nothing else is one") {
    const auto by_sid = find_account(users);
    REQUIRE(by_sid);
    CHECK(by_sid->sid == users);
    const auto by_name = find_account(by_sid->name);
    REQUIRE_MESSAGE(by_name, message_of(by_name));
    CHECK(by_name->sid == users);
    for (const wchar_t* name : {L"No Such Group", L"", L"S-1-5-32-99999", L"S-1-5-21-1-2-3-4"}) {
        CAPTURE(narrow(name));
        const auto found = find_account(name);
        CHECK(code_of(found) == "ERR_UNKNOWN_GROUP");
        CHECK(contains(message_of(found), "no such group"));
    }
    wchar_t user[256];
    DWORD size = 256;
    REQUIRE(GetUserNameW(user, &size));
    CHECK(find_account(user));
}

TEST_CASE("publishers: the rights are exactly these") {
    CHECK(narrow(publishers_rights({{L"S-1-5-32-545", L""}})) ==
          "O:BAG:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)"
          "(A;;0x2001d;;;S-1-5-32-545)(A;CIIO;0x3001b;;;CO)(A;CIIO;0x3001b;;;S-1-3-4)");
}
