// OpenVPN as it is installed here: where its plugins go, and as whom its services run it.
#pragma once

#include <string>
#include <vector>

#include "publishers.hpp"

namespace lsp::setup {

// The folder for the plugin's DLLs, without a backslash at its end: what HKLM\SOFTWARE\OpenVPN names as plugin_dir,
// else `plugins` below OpenVPN's own folder, which that key's default value names. Empty if OpenVPN is not installed.
std::wstring openvpn_plugin_folder();

// The line for OpenVPN's configuration that loads the plugin from that folder, or from where OpenVPN's installer would
// have it. With each backslash twice, as OpenVPN reads them.
std::wstring openvpn_plugin_line();
std::wstring openvpn_plugin_line(const std::wstring& folder);

struct OpenVpnService {
    std::wstring name;
    Account account;    // that openvpn.exe runs as; without a SID if the system knows no such account
    bool user = false;  // the interactive service: openvpn.exe runs as the user who asks for it
    bool may_publish = false;
};

// Whether what runs as `account` may publish tunnels where `allowed` may: SYSTEM may, and who is allowed by name, or as
// everybody, every authenticated account, or every service. (What groups an account is in besides, a service's start
// tells, and nobody asks that here.)
bool may_publish(const Account& account, bool is_service, const std::vector<Account>& allowed);

// The services whose program is openvpn.exe, openvpnserv.exe or openvpnserv2.exe. Empty if there is none, or the
// service manager does not answer. Windows: EnumServicesStatusExW, QueryServiceConfigW.
std::vector<OpenVpnService> openvpn_services(const std::vector<Account>& allowed);

}  // namespace lsp::setup
