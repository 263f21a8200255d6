#include "setup/openvpn.hpp"

#include <doctest/doctest.h>
#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <winsvc.h>

#include <algorithm>

using namespace lsp::setup;

namespace {

const Account openvpn_service{L"S-1-5-80-1", L"NT SERVICE\\OpenVPNService"};
const Account somebody{L"S-1-5-21-1-2-3-1001", L"HOST\\somebody"};

// A service of this machine for as long as the test runs.
class Service {
  public:
    Service(const wchar_t* name, const wchar_t* line, const wchar_t* account)
        : manager_(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_ALL_ACCESS)),
          service_(CreateServiceW(manager_, name, name, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                  SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, line, nullptr, nullptr, nullptr, account,
                                  nullptr)) {
        REQUIRE(service_ != nullptr);
    }
    ~Service() {
        DeleteService(service_);
        CloseServiceHandle(service_);
        CloseServiceHandle(manager_);
    }

  private:
    SC_HANDLE manager_, service_;
};

const OpenVpnService* named(const std::vector<OpenVpnService>& services, const wchar_t* name) {
    const auto found =
        std::find_if(services.begin(), services.end(), [&](const OpenVpnService& each) { return each.name == name; });
    return found == services.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("openvpn: the line for its configuration has the full path, with each backslash twice") {
    CHECK(openvpn_plugin_line(L"C:\\Program Files\\OpenVPN\\plugins") ==
          L"plugin \"C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll\"");
}

TEST_CASE("openvpn: where it is not installed, the line is for where it would be") {
    REQUIRE(openvpn_plugin_folder().empty());
    CHECK(openvpn_plugin_line() == L"plugin \"C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll\"");
}

TEST_CASE("openvpn: its folder is what the registry says, and plugin_dir goes before it") {
    HKEY key = nullptr;
    REQUIRE(RegCreateKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\OpenVPN", 0, nullptr, REG_OPTION_VOLATILE,
                            KEY_ALL_ACCESS | KEY_WOW64_64KEY, nullptr, &key, nullptr) == ERROR_SUCCESS);
    const auto set = [&](const wchar_t* name, const std::wstring& text) {
        RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(text.c_str()),
                       static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t)));
    };
    set(nullptr, L"D:\\OpenVPN\\");
    CHECK(openvpn_plugin_folder() == L"D:\\OpenVPN\\plugins");
    set(L"plugin_dir", L"E:\\trusted\\");
    CHECK(openvpn_plugin_folder() == L"E:\\trusted");
    CHECK(openvpn_plugin_line() == L"plugin \"E:\\\\trusted\\\\winsock-lsp.dll\"");
    RegDeleteKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\OpenVPN", KEY_WOW64_64KEY, 0);
    RegCloseKey(key);
}

TEST_CASE("openvpn: who may publish") {
    const Account system{L"S-1-5-18", L"SYSTEM"}, unknown{L"", L"NT SERVICE\\Gone"};
    const Account users{L"S-1-5-32-545", L"BUILTIN\\Users"}, everyone{L"S-1-1-0", L"Everyone"};
    const Account authenticated{L"S-1-5-11", L""}, services{L"S-1-5-6", L""}, all_services{L"S-1-5-80-0", L""};
    const struct {
        const char* name;
        Account account;
        bool is_service;
        std::vector<Account> allowed;
        bool expected;
    } table[] = {
        {"SYSTEM, where nobody else may", system, true, {}, true},
        {"a service's account, where nobody may", openvpn_service, true, {}, false},
        {"by name", openvpn_service, true, {users, openvpn_service}, true},
        {"another is named", openvpn_service, true, {somebody}, false},
        {"everybody", openvpn_service, true, {everyone}, true},
        {"authenticated accounts", somebody, true, {authenticated}, true},
        {"every service", openvpn_service, true, {services}, true},
        {"all services' accounts", openvpn_service, true, {all_services}, true},
        {"every service, and it is none", somebody, false, {services}, false},
        {"an account that is gone", unknown, true, {users}, false},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        CHECK(may_publish(row.account, row.is_service, row.allowed) == row.expected);
    }
}

TEST_CASE("openvpn: the services that run it, and as whom") {
    const Service old_one(L"OpenVPNServiceLegacy", L"\"C:\\Program Files\\OpenVPN\\bin\\openvpnserv2.exe\"", nullptr);
    const Service new_one(L"OpenVPNService", L"C:\\Program Files\\OpenVPN\\bin\\OpenVPNServ.exe -instance automatic",
                          L"NT AUTHORITY\\LocalService");
    const Service interactive(L"OpenVPNServiceInteractive",
                              L"\"C:\\Program Files\\OpenVPN\\bin\\openvpnserv.exe\" -instance interactive", nullptr);
    const Service other(L"SomethingElse", L"C:\\other\\notopenvpn.exe", nullptr);
    const auto services = openvpn_services({});
    CHECK(services.size() == 3);
    CHECK(named(services, L"SomethingElse") == nullptr);
    const auto* const legacy = named(services, L"OpenVPNServiceLegacy");
    REQUIRE(legacy != nullptr);
    CHECK(legacy->account.sid == L"S-1-5-18");
    CHECK(legacy->may_publish);
    const auto* const now = named(services, L"OpenVPNService");
    REQUIRE(now != nullptr);
    CHECK(now->account.sid != L"S-1-5-18");
    CHECK(!now->may_publish);
    const auto* const users = named(services, L"OpenVPNServiceInteractive");
    REQUIRE(users != nullptr);
    CHECK(users->user);
    CHECK(!users->may_publish);
    CHECK(named(openvpn_services({somebody}), L"OpenVPNServiceInteractive")->may_publish);
}
