// Private to setup: everything about access rights is in this file.
#pragma once

#include <windows.h>
#include <winsock2.h>

namespace lsp::setup {

// SYSTEM and Administrators: everything; everyone: read; nothing inherited from above. That is without programs in app
// containers, which have the rights of "everyone" only where application packages (S-1-15-2-1) have them, too. Windows
// loads no LSP into them, so they need neither rules nor DLL; and of the DLL they could map the shared section, which
// all write: a way out of their container.
inline constexpr wchar_t policy_store_rights[] = L"O:BAG:BAD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)";
// The same for a folder.
inline constexpr wchar_t folder_rights[] = L"O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;WD)";
// The same for a file.
inline constexpr wchar_t file_rights[] = L"O:BAG:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;WD)";
// A file of SYSTEM's and the Administrators' only.
inline constexpr wchar_t lock_rights[] = L"O:BAG:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)";

// True for a process with an administrator's rights: one that UAC has filtered has not.
bool is_elevated();

// Security attributes from SDDL. `get` is null if the system does not understand it; GetLastError says why.
class SecurityAttributes {
  public:
    explicit SecurityAttributes(const wchar_t* sddl) noexcept;
    ~SecurityAttributes();
    SecurityAttributes(const SecurityAttributes&) = delete;
    SecurityAttributes& operator=(const SecurityAttributes&) = delete;

    SECURITY_ATTRIBUTES* get() noexcept { return descriptor_ == nullptr ? nullptr : &attributes_; }

  private:
    SECURITY_ATTRIBUTES attributes_{};
    PSECURITY_DESCRIPTOR descriptor_ = nullptr;
};

}  // namespace lsp::setup
