// A user without elevation.
#pragma once

#include <doctest/doctest.h>
#include <windows.h>
#include <winsock2.h>

#include "system/handle.hpp"

// As long as it lives, this thread's token has the Administrators group for denials only, as UAC filters an
// administrator's. is_elevated sees it; Wine enforces no access rights.
class FilteredToken {
  public:
    FilteredToken() {
        using lsp::system::Handle;
        HANDLE handle = nullptr;
        REQUIRE(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &handle));
        const Handle own(handle);
        BYTE sid[SECURITY_MAX_SID_SIZE];
        DWORD size = sizeof(sid);
        REQUIRE(CreateWellKnownSid(WinBuiltinAdministratorsSid, nullptr, sid, &size));
        SID_AND_ATTRIBUTES administrators = {sid, 0};
        REQUIRE(CreateRestrictedToken(own.get(), 0, 1, &administrators, 0, nullptr, 0, nullptr, &handle));
        const Handle restricted(handle);
        REQUIRE(DuplicateTokenEx(restricted.get(), TOKEN_QUERY | TOKEN_IMPERSONATE, nullptr, SecurityImpersonation,
                                 TokenImpersonation, &handle));
        const Handle impersonated(handle);
        REQUIRE(SetThreadToken(nullptr, impersonated.get()));
    }
    ~FilteredToken() { SetThreadToken(nullptr, nullptr); }
    FilteredToken(const FilteredToken&) = delete;
    FilteredToken& operator=(const FilteredToken&) = delete;
};
