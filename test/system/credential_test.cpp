#include "system/credential.hpp"

#include <doctest/doctest.h>
#include <wincred.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "filtered_token.hpp"
#include "setup/credentials.hpp"

using namespace lsp;
using system::CredentialTarget;
using system::LoginFailure;
using system::StoredLogin;

namespace {

const std::string long_user(socks5::longest_credential, 'u');

// As Credential Manager or another program may leave it.
struct Kept {
    explicit Kept(const wchar_t* user, const void* blob, std::size_t size, const wchar_t* target = L"winsock-lsp/kept")
        : target_(target) {
        CREDENTIALW credential{};
        credential.Type = CRED_TYPE_GENERIC;
        credential.TargetName = const_cast<wchar_t*>(target);
        credential.UserName = const_cast<wchar_t*>(user);
        credential.CredentialBlob = static_cast<BYTE*>(const_cast<void*>(blob));
        credential.CredentialBlobSize = static_cast<DWORD>(size);
        credential.Persist = CRED_PERSIST_LOCAL_MACHINE;
        REQUIRE(CredWriteW(&credential, 0));
    }
    ~Kept() { CredDeleteW(target_, CRED_TYPE_GENERIC, 0); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

  private:
    const wchar_t* target_;
};

LoginFailure read(StoredLogin& login, std::string_view name = "kept") {
    DWORD error = 0;
    return login.read(name, error);
}

bool holds(const StoredLogin& login, std::string_view text) {
    const auto* const begin = reinterpret_cast<const char*>(&login);
    const auto* const end = begin + sizeof(login);
    return std::search(begin, end, text.begin(), text.end()) != end;
}

}  // namespace

TEST_CASE("log-ins: what was written is read, in UTF-8, and is wiped") {
    REQUIRE(setup::write_credential("kept", L"s\u00e4m", L"p\u20ac \U0001f600\\%"));
    StoredLogin login;
    SetLastError(4711);
    DWORD error = 1;
    // Case does not tell names apart.
    CHECK(login.read("Kept", error) == LoginFailure::none);
    CHECK(error == 0);
    CHECK(GetLastError() == 4711);
    CHECK(login.get().user == "s\xc3\xa4m");
    CHECK(login.get().password == "p\xe2\x82\xac \xf0\x9f\x98\x80\\%");
    CHECK(socks5::is_valid(login.get()));
    CHECK(holds(login, "\\%"));
    login.wipe();
    CHECK_FALSE(holds(login, "\\%"));
    CHECK(login.get().user.empty());

    // As Windows' own programs have it: UTF-16.
    CREDENTIALW* credential = nullptr;
    REQUIRE(CredReadW(CredentialTarget("kept").get(), CRED_TYPE_GENERIC, 0, &credential));
    CHECK(credential->CredentialBlobSize == 7 * sizeof(wchar_t));
    CHECK(credential->Persist == CRED_PERSIST_LOCAL_MACHINE);
    CredFree(credential);
    REQUIRE(setup::delete_credential("kept"));
    SetLastError(4711);
    CHECK(login.read("kept", error) == LoginFailure::not_found);
    CHECK(error == ERROR_NOT_FOUND);
    CHECK(GetLastError() == 4711);
}

TEST_CASE("log-ins: what SOCKS 5 cannot carry is told apart") {
    const std::wstring most(socks5::longest_credential, L'x');
    const std::wstring euros(socks5::longest_credential / 3, L'\u20ac');  // 255 bytes of UTF-8
    const struct {
        const char* what;
        const wchar_t* user;
        std::wstring password;
        LoginFailure failure;
    } situations[] = {
        {"the longest", most.c_str(), most, LoginFailure::none},
        {"the longest, of three bytes a character", euros.c_str(), euros, LoginFailure::none},
        {"a longer password", L"sam", most + L"x", LoginFailure::too_long},
        {"a longer password in UTF-8 alone", L"sam", euros + L"x", LoginFailure::too_long},

        {"no user", nullptr, L"secret", LoginFailure::empty},
        {"no password", L"sam", L"", LoginFailure::empty},
    };
    for (const auto& [what, user, password, failure] : situations) {
        CAPTURE(what);
        const Kept kept(user, password.data(), password.size() * sizeof(wchar_t));
        StoredLogin login;
        CHECK(read(login) == failure);
        CHECK((failure == LoginFailure::none) == !login.get().user.empty());
        if (failure != LoginFailure::none) CHECK_FALSE(holds(login, "xxxx"));
    }
    const std::wstring longer = most + L"x";
    {
        const Kept kept(longer.c_str(), L"x", sizeof(wchar_t));
        StoredLogin login;
        CHECK(read(login) == LoginFailure::too_long);
    }
    {
        const Kept kept(L"sam", "abc", 3);
        StoredLogin login;
        CHECK(read(login) == LoginFailure::not_text);
    }
    for (const char* const name : {"", "a b", "a/b", "\xc3\xa4", "a*"}) {
        StoredLogin login;
        CHECK(read(login, name) == LoginFailure::bad_name);
        CHECK_FALSE(setup::write_credential(name, L"a", L"b"));
        CHECK_FALSE(setup::delete_credential(name));
    }
    StoredLogin login;
    CHECK(read(login, std::string(65, 'x')) == LoginFailure::bad_name);
    CHECK(read(login, std::string(64, 'x')) == LoginFailure::not_found);
}

TEST_CASE("log-ins: a thread that impersonates reads none") {
    const Kept kept(L"sam", L"secret", 6 * sizeof(wchar_t));
    StoredLogin login;
    {
        const FilteredToken client;
        SetLastError(4711);
        CHECK(read(login) == LoginFailure::impersonating);
        CHECK(GetLastError() == 4711);
        CHECK(login.get().user.empty());
    }
    CHECK(read(login) == LoginFailure::none);
}

TEST_CASE("log-ins: what is written must be usable, and errors do not repeat it") {
    const std::wstring too_long(socks5::longest_credential + 1, L'x');
    const std::pair<std::wstring, std::wstring> unusable[] = {
        {L"", L"secret"}, {L"sam", L""}, {too_long, L"secret"}, {L"sam", too_long}};
    for (const auto& [user, password] : unusable) {
        auto written = setup::write_credential("kept", user, password);
        REQUIRE_FALSE(written);
        CHECK(written.error().code == "ERR_INVALID_LOGIN");
        CHECK(written.error().message.find("secret") == std::string::npos);
        CHECK(written.error().message.find("xxx") == std::string::npos);
    }
    StoredLogin login;
    CHECK(read(login) == LoginFailure::not_found);
    for (const LoginFailure failure :
         {LoginFailure::bad_name, LoginFailure::impersonating, LoginFailure::not_found, LoginFailure::not_readable,
          LoginFailure::empty, LoginFailure::too_long, LoginFailure::not_text}) {
        CHECK(setup::login_error("kept", failure, ERROR_NOT_FOUND).message.find("log-in") != std::string::npos);
    }
}

TEST_CASE("log-ins: ours are listed, by name") {
    const Kept b(L"sam", L"x", sizeof(wchar_t), L"winsock-lsp/b");
    const Kept a(nullptr, L"x", sizeof(wchar_t), L"winsock-lsp/a");
    const Kept not_ours(L"sam", L"x", sizeof(wchar_t), L"winsock-lsp/c/d");
    const Kept another(L"sam", L"x", sizeof(wchar_t), L"another/e");
    auto listed = setup::list_credentials();
    REQUIRE(listed);
    REQUIRE(listed->size() == 2);
    CHECK((*listed)[0].name == "a");
    CHECK((*listed)[0].user.empty());
    CHECK((*listed)[1].name == "b");
    CHECK((*listed)[1].user == "sam");
    CHECK((*listed)[1].changed_at > 1'700'000'000'000);
}
