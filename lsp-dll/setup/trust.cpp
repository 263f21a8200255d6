#include "trust.hpp"

#include <aclapi.h>
#include <sddl.h>

#include "../system/error.hpp"
#include "../system/platform.hpp"
#include "../system/text.hpp"
#include "files.hpp"
#include "security.hpp"
#include "setup.hpp"

namespace lsp::setup {
namespace {

constexpr ACCESS_MASK change_rights = DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;

ACCESS_MASK replacing_rights(TrustedObject object) {
    switch (object) {
        case TrustedObject::file: return change_rights | FILE_WRITE_DATA | FILE_APPEND_DATA;
        case TrustedObject::folder: return change_rights | FILE_ADD_FILE | FILE_DELETE_CHILD;
        case TrustedObject::ancestor:  // whoever may only add to it cannot move what is there
            return change_rights | FILE_DELETE_CHILD;
    }
    return 0;
}

std::string sid_text(PSID sid) {
    wchar_t* text = nullptr;
    if (!ConvertSidToStringSidW(sid, &text)) return "an account";
    const std::string result = narrow(text);
    LocalFree(text);
    return result;
}

bool is_trusted(const std::string& sid) {
    // SYSTEM, Administrators, NT SERVICE\TrustedInstaller (fixed since Vista).
    for (const char* trusted :
         {"S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"}) {
        if (sid == trusted) return true;
    }
    return false;
}

// "X:" needs its separator to be a folder.
std::wstring as_folder(const std::wstring& path) { return path.size() == 2 && path[1] == L':' ? path + L'\\' : path; }

}  // namespace

std::string who_can_replace(PSECURITY_DESCRIPTOR descriptor, TrustedObject object) {
    PSID owner = nullptr;
    BOOL defaulted = FALSE, present = FALSE;
    PACL acl = nullptr;
    if (!GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) ||
        !GetSecurityDescriptorDacl(descriptor, &present, &acl, &defaulted)) {
        return "rights that cannot be read";
    }
    // An owner may rewrite the rights.
    if (owner != nullptr && !is_trusted(sid_text(owner))) return sid_text(owner);
    if (!present || acl == nullptr) return "the null DACL";

    const ACCESS_MASK rights = replacing_rights(object);
    for (DWORD i = 0; i < acl->AceCount; ++i) {
        void* ace = nullptr;
        if (!GetAce(acl, i, &ace)) return "rights that cannot be read";
        const auto* header = static_cast<const ACE_HEADER*>(ace);
        if (header->AceType != ACCESS_ALLOWED_ACE_TYPE || (header->AceFlags & INHERIT_ONLY_ACE) != 0) continue;
        auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(ace);
        if ((allowed->Mask & rights) == 0) continue;
        const std::string sid = sid_text(&allowed->SidStart);
        if (!is_trusted(sid)) return sid;
    }
    return {};
}

namespace {

// Of that object alone.
std::string who_can_replace(const std::wstring& path, TrustedObject object) {
    if (!enforces_access_rights()) return {};
    std::wstring name = as_folder(path);
    PSECURITY_DESCRIPTOR descriptor = nullptr;
    const DWORD error =
        GetNamedSecurityInfoW(name.data(), SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                              nullptr, nullptr, nullptr, nullptr, &descriptor);
    if (error != ERROR_SUCCESS) return concat({"an unknown account (", error_name(error), ") on ", name});
    const std::string who = who_can_replace(descriptor, object);
    LocalFree(descriptor);
    return who.empty() ? who : concat({who, " on ", name});
}

}  // namespace

std::string who_can_replace(const std::wstring& path) {
    TrustedObject object = TrustedObject::file;
    for (std::wstring current = path; !current.empty() && current != L"\\" && current != L"\\\\";) {
        if (std::string who = who_can_replace(current, object); !who.empty()) return who;
        object = object == TrustedObject::file ? TrustedObject::folder : TrustedObject::ancestor;
        current = folder_of(current);
    }
    return {};
}

Outcome make_trusted_folder(const std::wstring& path, const std::string& attempt) {
    SecurityAttributes security(folder_rights);
    if (const DWORD error = make_folder(path, security.get())) {
        return system_error(error, "CreateDirectoryW", attempt);
    }
    // The link first: rights are read of what it leads to.
    const DWORD attributes = GetFileAttributesW(path.c_str());
    const bool is_link = attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    const std::string who = is_link ? std::string() : who_can_replace(path, TrustedObject::folder);
    if (!is_link && who.empty()) return Done{};
    return own_error(
        "ERR_UNTRUSTED_PATH",
        concat(
            {attempt, is_link ? ": it is a link" : ": others than administrators can write there: ", who,
             ". Ordinary users could have made it: look at what it holds, delete or rename it as an administrator, and "
             "try again."}));
}

}  // namespace lsp::setup
