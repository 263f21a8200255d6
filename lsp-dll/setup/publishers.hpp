// Who may publish tunnels without being an administrator (design §7): one group, by the access rights of one key.
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

// The group of that name, as "OpenVPN Administrators", "DOMAIN\Group" or a SID. Errors: ERR_UNKNOWN_GROUP (there is no
// such account), ERR_NOT_A_GROUP, others as LookupAccountNameW gives them.
Result<Account> find_group(const std::wstring& name);

// Lets the group publish tunnels, and only them: it may make subkeys in DelegatedTunnels, and each maker may change and
// delete its own. Replaces the group of before, and tunnels that were published by that one go. Errors:
// ERROR_ACCESS_DENIED, ERR_READBACK_MISMATCH (the key's rights are not what was set), ….
Outcome allow_publishers(const Account& group);

// Nobody but administrators publishes any more. Success if it was so already.
Outcome forbid_publishers();

// Who may, read back from the key's access rights. Empty if nobody.
Result<std::vector<Account>> publishers();

// The rights that the key gets, as SDDL.
std::wstring publishers_rights(const std::wstring& sid);

}  // namespace lsp::setup
