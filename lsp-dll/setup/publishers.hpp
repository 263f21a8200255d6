// Who may publish tunnels without being an administrator (design §7): groups and accounts, by the access rights of one
// key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../system/error.hpp"

namespace lsp::setup {

using namespace lsp::system;

struct Account {
    std::wstring sid;   // "S-1-5-32-545"
    std::wstring name;  // "BUILTIN\\Users"; the SID where it has none any more
};

// The group or account of that name, as "OpenVPN Administrators", "NT SERVICE\OpenVPNService", "DOMAIN\Group" or a SID.
// Errors: ERR_UNKNOWN_GROUP (there is no such account), ERR_NOT_A_GROUP (it is a domain or a computer), others as
// LookupAccountNameW gives them.
Result<Account> find_account(const std::wstring& name);

// Lets them publish tunnels, and only them: they may make subkeys in DelegatedTunnels, and each maker may change and
// delete its own. They replace those of before; where they are others, tunnels that were published go. At most 16.
// Errors: ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER (none, or too many), ERR_READBACK_MISMATCH (the key's rights are
// not what was set), ….
Outcome allow_publishers(const std::vector<Account>& accounts);

// Nobody but administrators publishes any more. Success if it was so already.
Outcome forbid_publishers();

// Who may, read back from the key's access rights. Empty if nobody.
Result<std::vector<Account>> publishers();

// The rights that the key gets, as SDDL.
std::wstring publishers_rights(const std::vector<Account>& accounts);

}  // namespace lsp::setup
