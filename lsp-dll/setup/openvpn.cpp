#include "openvpn.hpp"

#include <windows.h>
#include <winsock2.h>
// Below windows.h
#include <winsvc.h>

#include <algorithm>
#include <cstddef>
#include <cwchar>
#include <memory>

#include "../system/environment.hpp"
#include "registry_text.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t openvpn_key[] = L"SOFTWARE\\OpenVPN";
constexpr wchar_t local_system[] = L"S-1-5-18";
// What also a service's account is: everybody, an authenticated account.
constexpr const wchar_t* everybody[] = {L"S-1-1-0", L"S-1-5-11"};
// SERVICE, and all services' own accounts.
constexpr const wchar_t* every_service[] = {L"S-1-5-6", L"S-1-5-80-0"};

class ServiceHandle {
  public:
    explicit ServiceHandle(SC_HANDLE handle) : handle_(handle) {}
    ~ServiceHandle() {
        if (handle_ != nullptr) CloseServiceHandle(handle_);
    }
    ServiceHandle(const ServiceHandle&) = delete;
    ServiceHandle& operator=(const ServiceHandle&) = delete;
    SC_HANDLE get() const { return handle_; }

  private:
    SC_HANDLE handle_;
};

// The program of a service's command line, without its folder, in lower case.
std::wstring program_of(std::wstring line) {
    if (!line.empty() && line[0] == L'"') {
        line = line.substr(1, line.find(L'"', 1) - 1);
    } else if (const std::size_t end = line.find(L".exe"); end != std::wstring::npos) {
        line.resize(end + 4);
    }
    line.erase(0, line.find_last_of(L"\\/") + 1);
    std::transform(line.begin(), line.end(), line.begin(), [](wchar_t c) { return c < 128 ? std::towlower(c) : c; });
    return line;
}

bool runs_openvpn(const std::wstring& line) {
    const std::wstring program = program_of(line);
    return program == L"openvpn.exe" || program == L"openvpnserv.exe" || program == L"openvpnserv2.exe";
}

// "LocalSystem" and no name at all are SYSTEM; ".\Name" is this computer's account.
Account account_of(const wchar_t* name) {
    if (name == nullptr || *name == L'\0' || _wcsicmp(name, L"LocalSystem") == 0) return {local_system, L"SYSTEM"};
    const auto found = find_account(std::wcsncmp(name, L".\\", 2) == 0 ? name + 2 : name);
    return found ? *found : Account{L"", name};
}

bool contains(const std::vector<Account>& accounts, const std::wstring& sid) {
    return std::any_of(accounts.begin(), accounts.end(), [&](const Account& each) { return each.sid == sid; });
}

}  // namespace

std::wstring openvpn_plugin_folder() {
    std::wstring folder = text_value(HKEY_LOCAL_MACHINE, openvpn_key, L"plugin_dir");
    if (folder.empty()) {
        folder = text_value(HKEY_LOCAL_MACHINE, openvpn_key, nullptr);
        if (!folder.empty()) folder += folder.back() == L'\\' ? L"plugins" : L"\\plugins";
    }
    while (!folder.empty() && folder.back() == L'\\') folder.pop_back();
    return folder;
}

std::wstring openvpn_plugin_line() {
    const std::wstring folder = openvpn_plugin_folder();
    return openvpn_plugin_line(folder.empty() ? expand_environment(L"%ProgramFiles%\\OpenVPN\\plugins") : folder);
}

std::wstring openvpn_plugin_line(const std::wstring& folder) {
    std::wstring line = L"plugin \"";
    for (const wchar_t c : folder + L"\\winsock-lsp.dll") line.append(c == L'\\' ? 2 : 1, c);
    return line + L"\"";
}

bool may_publish(const Account& account, bool is_service, const std::vector<Account>& allowed) {
    if (account.sid == local_system) return true;
    if (!account.sid.empty() && contains(allowed, account.sid)) return true;
    const auto is_allowed = [&](const wchar_t* sid) { return contains(allowed, sid); };
    if (std::any_of(std::begin(everybody), std::end(everybody), is_allowed)) return true;
    return is_service && std::any_of(std::begin(every_service), std::end(every_service), is_allowed);
}

std::vector<OpenVpnService> openvpn_services(const std::vector<Account>& allowed) {
    std::vector<OpenVpnService> services;
    const ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE));
    if (manager.get() == nullptr) return services;
    DWORD needed = 0, count = 0, resume = 0;
    EnumServicesStatusExW(manager.get(), SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL, nullptr, 0, &needed,
                          &count, &resume, nullptr);
    // One may come between the two questions.
    constexpr DWORD room = 4096;
    const auto memory = std::make_unique<std::max_align_t[]>((needed + room) / sizeof(std::max_align_t) + 1);
    resume = 0;
    if (!EnumServicesStatusExW(manager.get(), SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_STATE_ALL,
                               reinterpret_cast<BYTE*>(memory.get()), needed + room, &needed, &count, &resume,
                               nullptr)) {
        return services;
    }
    const auto* const found = reinterpret_cast<const ENUM_SERVICE_STATUS_PROCESSW*>(memory.get());
    for (DWORD i = 0; i < count; ++i) {
        const ServiceHandle service(OpenServiceW(manager.get(), found[i].lpServiceName, SERVICE_QUERY_CONFIG));
        constexpr DWORD longest = 8192;  // bytes: Windows' own limit
        alignas(QUERY_SERVICE_CONFIGW) unsigned char buffer[longest];
        auto* const configuration = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(buffer);
        if (service.get() == nullptr || !QueryServiceConfigW(service.get(), configuration, longest, &needed)) continue;
        if (configuration->lpBinaryPathName == nullptr || !runs_openvpn(configuration->lpBinaryPathName)) continue;
        OpenVpnService each{found[i].lpServiceName, account_of(configuration->lpServiceStartName), false, false};
        each.user = each.name.find(L"Interactive") != std::wstring::npos;
        // SYSTEM's is the service; openvpn.exe is the user's.
        if (each.user) each.account = {};
        each.may_publish = each.user ? !allowed.empty() : may_publish(each.account, true, allowed);
        services.push_back(std::move(each));
    }
    return services;
}

}  // namespace lsp::setup
