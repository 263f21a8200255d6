// A proxy's log-in: a generic credential of the user's own (Credential Manager, "winsock-lsp/NAME"), which no other
// user can read. This only reads; what writes is setup/credentials.hpp. As in core/socks5.hpp, nothing is allocated
// here.
#pragma once

#include <windows.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../core/socks5.hpp"

namespace lsp::system {

inline constexpr std::wstring_view credential_prefix = L"winsock-lsp/";
inline constexpr std::size_t longest_login_name = 64;

// The credential's target name. `name` is a name as a tunnel's is: 1 to 64 of A-Z a-z 0-9 . _ -; Windows does not tell
// case apart.
class CredentialTarget {
  public:
    explicit CredentialTarget(std::string_view name) noexcept;
    const wchar_t* get() const noexcept { return text_; }

  private:
    wchar_t text_[credential_prefix.size() + longest_login_name + 1];
};

enum class LoginFailure : std::uint8_t {
    none,
    bad_name,       // no credential of ours can have it
    impersonating,  // the thread's user is another than the process's, and whose log-in is meant is not clear
    not_found,      // this user has none of that name
    not_readable,   // any other error of CredReadW: ERROR_NO_SUCH_LOGON_SESSION in some services and network log-ons
    empty,          // a user or a password is missing, which RFC 1929 cannot say
    too_long,       // one of them has more than 255 bytes in UTF-8
    not_text,       // the password is not UTF-16, as Credential Manager writes it
};

// Room for a log-in, on the stack of whoever needs one. It is wiped at the end; whoever has sent the log-in wipes it at
// once.
class StoredLogin {
  public:
    StoredLogin() noexcept = default;
    ~StoredLogin() { wipe(); }
    StoredLogin(const StoredLogin&) = delete;
    StoredLogin& operator=(const StoredLogin&) = delete;

    // Reads the credential of the process's user. CredReadW asks lsass and waits for it, so never in lsass itself, nor
    // in csrss or services.exe, on which it may wait (design §11). The thread's last error stays. With a failure it is
    // empty, and `error` has the system's number where it has one.
    LoginFailure read(std::string_view name, DWORD& error) noexcept;
    void wipe() noexcept;

    // UTF-8; valid while this lives and is not read into or wiped. No user: nothing was read.
    socks5::Login get() const noexcept { return {{user_, user_size_}, {password_, password_size_}}; }

  private:
    char user_[socks5::longest_credential];
    char password_[socks5::longest_credential];
    std::size_t user_size_ = 0;
    std::size_t password_size_ = 0;
};

}  // namespace lsp::system
