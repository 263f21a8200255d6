#include "credentials.hpp"

#include <wincred.h>

#include <algorithm>
#include <memory>

#include "../core/tunnel.hpp"
#include "../system/text.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr std::uint64_t ticks_per_millisecond = 10'000;
constexpr std::int64_t milliseconds_from_1601_to_1970 = 11'644'473'600'000;

Error invalid_login(std::string_view message) { return own_error("ERR_INVALID_LOGIN", message); }

Error invalid_name(std::string_view attempt) {
    return invalid_login(concat({attempt, ": a log-in's name is 1 to 64 of A-Z a-z 0-9 . _ -"}));
}

const char* const session_remedy =
    "Sessions without the user's profile, such as some services' and network log-ons, keep no credentials.";

// In UTF-8.
bool has_sendable_size(std::wstring_view text) {
    std::string utf8 = narrow(text);
    const bool fits = !utf8.empty() && utf8.size() <= socks5::longest_credential;
    SecureZeroMemory(utf8.data(), utf8.size());
    return fits;
}

std::int64_t milliseconds_since_1970(const FILETIME& time) {
    const std::uint64_t ticks = (std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime;
    return static_cast<std::int64_t>(ticks / ticks_per_millisecond) - milliseconds_from_1601_to_1970;
}

struct CredentialsFree {
    void operator()(CREDENTIALW** credentials) const noexcept { CredFree(credentials); }
};

}  // namespace

Outcome write_credential(std::string_view name, std::wstring_view user, std::wstring_view password) {
    const std::string attempt = concat({"Cannot keep the log-in ", name});
    if (!is_tunnel_name(name)) return invalid_name("Cannot keep the log-in");
    for (const auto& [what, text] : {std::pair{"user name", user}, std::pair{"password", password}}) {
        if (has_sendable_size(text)) continue;
        return invalid_login(concat({attempt, ": SOCKS 5 carries a ", what, " of 1 to 255 bytes, in UTF-8"}));
    }
    const CredentialTarget target(name);
    std::wstring user_text(user);
    std::wstring blob(password);
    CREDENTIALW credential{};
    credential.Type = CRED_TYPE_GENERIC;
    credential.TargetName = const_cast<wchar_t*>(target.get());
    credential.UserName = user_text.data();
    credential.CredentialBlob = reinterpret_cast<BYTE*>(blob.data());
    credential.CredentialBlobSize = static_cast<DWORD>(blob.size() * sizeof(wchar_t));
    credential.Persist = CRED_PERSIST_LOCAL_MACHINE;
    const DWORD error = CredWriteW(&credential, 0) ? 0 : GetLastError();
    SecureZeroMemory(blob.data(), blob.size() * sizeof(wchar_t));
    if (error != 0) return system_error(error, "CredWriteW", attempt, session_remedy);
    return Done{};
}

Outcome delete_credential(std::string_view name) {
    if (!is_tunnel_name(name)) return invalid_name("Cannot delete the log-in");
    if (CredDeleteW(CredentialTarget(name).get(), CRED_TYPE_GENERIC, 0)) return Done{};
    const DWORD error = GetLastError();
    return system_error(
        error, "CredDeleteW", concat({"Cannot delete the log-in ", name}),
        error == ERROR_NOT_FOUND ? "This user has none of that name: winsock-lsp proxy list." : session_remedy);
}

Result<std::vector<Credential>> list_credentials() {
    DWORD count = 0;
    CREDENTIALW** found = nullptr;
    if (!CredEnumerateW((std::wstring(credential_prefix) + L"*").c_str(), 0, &count, &found)) {
        const DWORD error = GetLastError();
        if (error == ERROR_NOT_FOUND) return std::vector<Credential>{};
        return system_error(error, "CredEnumerateW", "Cannot list the log-ins of this user", session_remedy);
    }
    const std::unique_ptr<CREDENTIALW*, CredentialsFree> owner(found);
    std::vector<Credential> credentials;
    for (DWORD i = 0; i < count; ++i) {
        CREDENTIALW& each = *found[i];
        if (each.CredentialBlob != nullptr) SecureZeroMemory(each.CredentialBlob, each.CredentialBlobSize);
        const std::wstring_view target = each.TargetName;
        if (each.Type != CRED_TYPE_GENERIC || target.size() <= credential_prefix.size()) continue;
        Credential credential;
        credential.name = narrow(target.substr(credential_prefix.size()));
        if (!is_tunnel_name(credential.name)) continue;
        if (each.UserName != nullptr) credential.user = narrow(each.UserName);
        credential.changed_at = milliseconds_since_1970(each.LastWritten);
        credentials.push_back(std::move(credential));
    }
    std::sort(credentials.begin(), credentials.end(),
              [](const Credential& a, const Credential& b) { return a.name < b.name; });
    return credentials;
}

Error login_error(std::string_view name, LoginFailure failure, DWORD error) {
    const std::string attempt = concat({"Cannot use the log-in ", name});
    const std::string anew = concat({" Give it anew: winsock-lsp proxy login ", name, "."});
    switch (failure) {
        case LoginFailure::bad_name: return invalid_name("Cannot use the log-in");
        case LoginFailure::impersonating:
            return own_error("ERR_IMPERSONATING", concat({attempt, ": this thread runs as another user"}));
        case LoginFailure::not_found:
            return system_error(
                error, "CredReadW", attempt,
                concat({"This user has none of that name. Make it: winsock-lsp proxy login ", name, "."}));
        case LoginFailure::empty:
            return invalid_login(concat({attempt, ": it has no user name, or no password.", anew}));
        case LoginFailure::too_long:
            return invalid_login(concat({attempt, ": SOCKS 5 carries 255 bytes of each, in UTF-8.", anew}));
        case LoginFailure::not_text:
            return invalid_login(
                concat({attempt, ": its password is not text, as another program may have left it.", anew}));
        case LoginFailure::not_readable:
        case LoginFailure::none: break;
    }
    return system_error(error, "CredReadW", attempt, session_remedy);
}

}  // namespace lsp::setup
