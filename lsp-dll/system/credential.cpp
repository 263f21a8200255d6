#include "credential.hpp"

#include <wincred.h>

#include <cwchar>

#include "../core/tunnel.hpp"
#include "../core/utf16.hpp"
#include "system_function.hpp"

namespace lsp::system {
namespace {

// Not imported: nearly no process ever needs them, and in ADVAPI32 they lead on to another DLL.
constinit SystemFunction<BOOL WINAPI(LPCWSTR, DWORD, DWORD, CREDENTIALW**)> cred_read{SystemLibrary::advapi32,
                                                                                      "CredReadW"};
constinit SystemFunction<void WINAPI(void*)> cred_free{SystemLibrary::advapi32, "CredFree"};

// Takes characters as a string does, up to its room.
class CredentialText {
  public:
    explicit CredentialText(char* out) noexcept : out_(out) {}
    void operator+=(char c) noexcept {
        if (size_ < socks5::longest_credential) out_[size_] = c;
        ++size_;
    }
    std::size_t size() const noexcept { return size_; }

  private:
    char* out_;
    std::size_t size_ = 0;
};

bool thread_impersonates() noexcept {
    HANDLE token = nullptr;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) return GetLastError() != ERROR_NO_TOKEN;
    CloseHandle(token);
    return true;
}

LoginFailure convert_credential(const CREDENTIALW& credential, CredentialText& user,
                                CredentialText& password) noexcept {
    if (credential.UserName != nullptr) text::write_utf8(user, credential.UserName, std::wcslen(credential.UserName));
    // Credential Manager writes UTF-16, and so do we: the user can change a password there.
    if (credential.CredentialBlobSize % sizeof(wchar_t) != 0) return LoginFailure::not_text;
    text::write_utf8(password, credential.CredentialBlob, credential.CredentialBlobSize / sizeof(wchar_t));
    if (user.size() == 0 || password.size() == 0) return LoginFailure::empty;
    if (user.size() > socks5::longest_credential || password.size() > socks5::longest_credential) {
        return LoginFailure::too_long;
    }
    return LoginFailure::none;
}

}  // namespace

CredentialTarget::CredentialTarget(std::string_view name) noexcept {
    std::size_t size = 0;
    for (const wchar_t c : credential_prefix) text_[size++] = c;
    for (const char c : name.substr(0, longest_login_name)) text_[size++] = static_cast<unsigned char>(c);
    text_[size] = L'\0';
}

LoginFailure StoredLogin::read(std::string_view name, DWORD& error) noexcept {
    wipe();
    error = 0;
    if (!is_tunnel_name(name)) return LoginFailure::bad_name;
    const DWORD before = GetLastError();
    if (thread_impersonates()) {
        SetLastError(before);
        return LoginFailure::impersonating;
    }
    CREDENTIALW* credential = nullptr;
    if (cred_read.get() == nullptr || cred_free.get() == nullptr) {
        error = ERROR_CALL_NOT_IMPLEMENTED;
    } else if (!cred_read.get()(CredentialTarget(name).get(), CRED_TYPE_GENERIC, 0, &credential)) {
        error = GetLastError();
    }
    if (error != 0) {
        SetLastError(before);
        return error == ERROR_NOT_FOUND ? LoginFailure::not_found : LoginFailure::not_readable;
    }
    CredentialText user(user_), password(password_);
    const LoginFailure failure = convert_credential(*credential, user, password);
    user_size_ = failure == LoginFailure::none ? user.size() : 0;
    password_size_ = failure == LoginFailure::none ? password.size() : 0;
    if (failure != LoginFailure::none) wipe();
    if (credential->CredentialBlob != nullptr) {
        SecureZeroMemory(credential->CredentialBlob, credential->CredentialBlobSize);
    }
    cred_free.get()(credential);
    SetLastError(before);
    return failure;
}

void StoredLogin::wipe() noexcept {
    SecureZeroMemory(user_, sizeof(user_));
    SecureZeroMemory(password_, sizeof(password_));
    user_size_ = 0;
    password_size_ = 0;
}

}  // namespace lsp::system
