#include "security.hpp"

#include <sddl.h>

namespace lsp::setup {

SecurityAttributes::SecurityAttributes(const wchar_t* sddl) noexcept {
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor_, nullptr)) {
        descriptor_ = nullptr;
    }
    attributes_.nLength = sizeof(attributes_);
    attributes_.lpSecurityDescriptor = descriptor_;
}

SecurityAttributes::~SecurityAttributes() {
    if (descriptor_ != nullptr) LocalFree(descriptor_);
}

bool is_elevated() {
    SID_IDENTIFIER_AUTHORITY authority = {SECURITY_NT_AUTHORITY};
    PSID administrators = nullptr;
    if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                  &administrators)) {
        return false;
    }
    // A token that UAC has filtered has the group for denials only, which does not count as a member.
    BOOL member = FALSE;
    const bool asked = CheckTokenMembership(nullptr, administrators, &member) != FALSE;
    FreeSid(administrators);
    return asked && member != FALSE;
}

}  // namespace lsp::setup
