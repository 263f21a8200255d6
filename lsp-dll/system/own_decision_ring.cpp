#include "own_decision_ring.hpp"

// Below windows.h
#include <sddl.h>

#include <cstddef>
#include <cwchar>

namespace lsp::system {
namespace {

constexpr DWORD longest_descriptor = 1024;     // bytes
constexpr std::size_t longest_sid_text = 192;  // characters: 15 parts of 10 digits, and what is between them

struct User {
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

bool belongs_to(HANDLE section, User& user) noexcept {
    alignas(std::max_align_t) unsigned char descriptor[longest_descriptor];
    DWORD size = 0;
    PSID owner = nullptr;
    BOOL defaulted = FALSE;
    return GetKernelObjectSecurity(section, OWNER_SECURITY_INFORMATION, descriptor, sizeof(descriptor), &size) &&
           GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) && owner != nullptr &&
           EqualSid(owner, user.sid());
}

// GA for the user, and GR for SYSTEM and the Administrators.
Handle make(const wchar_t* name, const User& user) noexcept {
    wchar_t text[4 * longest_sid_text];
    wchar_t* end = text;
    for (const wchar_t* const piece :
         {L"O:", user.text, L"G:", user.text, L"D:P(A;;GA;;;", user.text, L")(A;;GR;;;SY)(A;;GR;;;BA)"}) {
        const std::size_t length = std::wcslen(piece);
        std::wmemcpy(end, piece, length + 1);
        end += length;
    }
    SECURITY_ATTRIBUTES attributes{sizeof(attributes), nullptr, FALSE};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &attributes.lpSecurityDescriptor,
                                                              nullptr)) {
        return Handle();
    }
    Handle section(
        CreateFileMappingW(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, sizeof(TelemetrySection), name));
    // Somebody was faster: it is opened as any other then, its owner looked at.
    if (GetLastError() == ERROR_ALREADY_EXISTS) section = Handle();
    LocalFree(attributes.lpSecurityDescriptor);
    return section;
}

}  // namespace

Handle open_own_decision_ring() noexcept {
    User user;
    if (!user.find()) return Handle();
    wchar_t name[longest_sid_text + 64] = L"Local\\";
    std::wcscat(name, decision_ring_prefix);
    std::wcscat(name, user.text);
    for (int attempt = 0; attempt < 3; ++attempt) {
        Handle section(OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE | READ_CONTROL, FALSE, name));
        if (section) return belongs_to(section.get(), user) ? std::move(section) : Handle();
        if (GetLastError() != ERROR_FILE_NOT_FOUND) return Handle();
        section = make(name, user);
        if (section) return section;
    }
    return Handle();
}

}  // namespace lsp::system
