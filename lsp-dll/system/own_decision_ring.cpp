#include "own_decision_ring.hpp"

// Below windows.h
#include <sddl.h>

#include <cstddef>
#include <cwchar>

namespace lsp::system {
namespace {

constexpr DWORD longest_ring_descriptor = 1024;  // bytes
constexpr std::size_t longest_sid_text = 192;    // characters: 15 parts of 10 digits, and what is between them

struct RingUser {
    alignas(TOKEN_USER) unsigned char bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    wchar_t text[longest_sid_text];

    PSID sid() noexcept { return reinterpret_cast<TOKEN_USER*>(bytes)->User.Sid; }

    // Of the process: a thread's client is not the one whose program this is.
    bool find() noexcept {
        HANDLE opened = nullptr;
        if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &opened)) return false;
        const Handle token(opened);
        DWORD size = 0;
        wchar_t* written = nullptr;
        if (!GetTokenInformation(token.get(), TokenUser, bytes, sizeof(bytes), &size) ||
            !ConvertSidToStringSidW(sid(), &written)) {
            return false;
        }
        const bool fits = std::wcslen(written) < longest_sid_text;
        if (fits) std::wcscpy(text, written);
        LocalFree(written);
        return fits;
    }
};

bool ring_belongs_to(HANDLE section, RingUser& user) noexcept {
    alignas(SECURITY_DESCRIPTOR) unsigned char descriptor[longest_ring_descriptor];
    DWORD size = 0;
    PSID owner = nullptr;
    BOOL defaulted = FALSE;
    return GetKernelObjectSecurity(section, OWNER_SECURITY_INFORMATION, descriptor, sizeof(descriptor), &size) &&
           GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) && owner != nullptr &&
           EqualSid(owner, user.sid());
}

// Everything for the user, and reading for SYSTEM and the Administrators; no text is made of it, which needs functions
// that the provider does not have.
class RingSecurity {
  public:
    bool make(PSID user) noexcept {
        ACL* const list = reinterpret_cast<ACL*>(list_);
        return InitializeAcl(list, sizeof(list_), ACL_REVISION) &&
               AddAccessAllowedAce(list, ACL_REVISION, GENERIC_ALL, user) && allow_reading(list, WinLocalSystemSid) &&
               allow_reading(list, WinBuiltinAdministratorsSid) &&
               InitializeSecurityDescriptor(&descriptor_, SECURITY_DESCRIPTOR_REVISION) &&
               SetSecurityDescriptorControl(&descriptor_, SE_DACL_PROTECTED, SE_DACL_PROTECTED) &&
               SetSecurityDescriptorOwner(&descriptor_, user, FALSE) &&
               SetSecurityDescriptorGroup(&descriptor_, user, FALSE) &&
               SetSecurityDescriptorDacl(&descriptor_, TRUE, list, FALSE);
    }
    SECURITY_DESCRIPTOR* get() noexcept { return &descriptor_; }

  private:
    static bool allow_reading(ACL* list, WELL_KNOWN_SID_TYPE type) noexcept {
        alignas(SID) unsigned char sid[SECURITY_MAX_SID_SIZE];
        DWORD size = sizeof(sid);
        return CreateWellKnownSid(type, nullptr, sid, &size) &&
               AddAccessAllowedAce(list, ACL_REVISION, GENERIC_READ, sid);
    }

    SECURITY_DESCRIPTOR descriptor_{};
    alignas(DWORD) unsigned char list_[sizeof(ACL) + 3 * (sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE)];
};

Handle make_ring(const wchar_t* name, RingUser& user) noexcept {
    RingSecurity security;
    if (!security.make(user.sid())) return Handle();
    SECURITY_ATTRIBUTES attributes{sizeof(attributes), security.get(), FALSE};
    Handle section(
        CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, sizeof(DecisionSection), name));
    // Somebody was faster: it is opened as any other then, its owner looked at.
    if (GetLastError() == ERROR_ALREADY_EXISTS) section = Handle();
    return section;
}

}  // namespace

Handle open_own_decision_ring() noexcept {
    RingUser user;
    if (!user.find()) return Handle();
    wchar_t name[longest_sid_text + 64] = L"Local\\";
    std::wcscat(name, decision_ring_prefix);
    std::wcscat(name, user.text);
    for (int attempt = 0; attempt < 3; ++attempt) {
        Handle section(OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE | READ_CONTROL, FALSE, name));
        if (section) return ring_belongs_to(section.get(), user) ? std::move(section) : Handle();
        if (GetLastError() != ERROR_FILE_NOT_FOUND) return Handle();
        section = make_ring(name, user);
        if (section) return section;
    }
    return Handle();
}

}  // namespace lsp::system
