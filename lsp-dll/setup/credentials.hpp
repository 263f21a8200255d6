// Log-ins for proxies, kept as system/credential.hpp says. They are the user's own: no elevation, and no other user's.
#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../system/credential.hpp"
#include "../system/error.hpp"

namespace lsp::setup {

// Makes the log-in, or replaces the one of that name. It stays on this machine (CRED_PERSIST_LOCAL_MACHINE). User and
// password: 1 to 255 bytes each in UTF-8. Neither is repeated in an error. Errors: ERR_INVALID_LOGIN (the name, the
// user or the password); what CredWriteW gives: ERROR_NO_SUCH_LOGON_SESSION where the session keeps no credentials.
system::Outcome write_credential(std::string_view name, std::wstring_view user, std::wstring_view password);

// Errors: ERR_INVALID_LOGIN (the name); ERROR_NOT_FOUND; what CredDeleteW gives.
system::Outcome delete_credential(std::string_view name);

struct Credential {
    std::string name;
    std::string user;             // UTF-8; empty if it has none, as after a change in Credential Manager
    std::int64_t changed_at = 0;  // milliseconds since 1970
};

// By name; credentials with our prefix and another kind of name are not ours. Errors: what CredEnumerateW gives.
system::Result<std::vector<Credential>> list_credentials();

// Why a log-in cannot be used, and what to do.
system::Error login_error(std::string_view name, system::LoginFailure failure, DWORD error);

}  // namespace lsp::setup
