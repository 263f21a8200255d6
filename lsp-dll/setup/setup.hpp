// Putting our provider into the Winsock protocol catalog, and out again. Linked into the addon and into
// winsock-lsp-setup.dll, not into the DLL that every program loads.
#pragma once

#include <optional>

#include "../system/catalog.hpp"
#include "origin.hpp"
#include "over.hpp"

namespace lsp::setup {

using namespace system;

struct InstallOptions {
    std::wstring dll;          // the provider's DLL for the native catalog; full path
    std::wstring dll32;        // the 32-bit one; empty: the 32-bit catalog is left alone
    std::wstring name;         // at most 100 characters; empty: as it is registered, else default_provider_name
    std::optional<Over> over;  // over what; nothing: as the last time, else everything
    bool anew = false;         // make our entries again even where nothing is found wrong with them
    bool downgrade = false;    // take the place of a newer version too
};

struct InstallReport {
    bool changed = false;        // false: it was installed and complete already
    std::wstring path;           // what is registered in the native catalog
    std::vector<DWORD> entries;  // the ids of our entries now in the native catalog
    std::wstring backup;         // the file with the catalogs as they were before; empty if nothing was changed
};

// Puts our provider above TCP, UDP and RAW over IPv4 and IPv6, or what was chosen of them, first in the catalog, and
// reads the catalog back. The choice is remembered until the provider is removed. Installing again repairs or upgrades,
// it never doubles. On any error the catalog is put back as it was. Serialised between processes by a lock
// (file_lock.hpp). What stage_provider_dll made for earlier registrations is deleted, at the next start of Windows
// where it is in use. The whole catalog is first written as JSON to %ProgramData%\winsock-lsp\backup\catalog-<UTC
// time>.json. Before the catalog is changed, each DLL that is to be registered is loaded once, in a process of its own.
// Errors: ERROR_ACCESS_DENIED before anything is touched if the process is not elevated; ERR_UNSUPPORTED_PLATFORM
// (Windows for ARM64); ERROR_FILE_NOT_FOUND; ERR_NOT_A_PROVIDER (no DLL, or without WSPStartup); ERR_NO_LSP_GUID (a
// provider, but without GetLspGuid); ERR_WRONG_ARCHITECTURE (the DLL is for the other catalog); ERR_UNTRUSTED_PATH
// (ordinary users can write the DLL or replace it or what its path leads to, or the folder of the backups is a link or
// one that they can write); ERR_DOWNGRADE (what is registered is newer); ERR_DLL_REFUSED (Windows does not load the
// DLL, and nothing was changed); ERROR_INVALID_PARAMETER (name or path); ERROR_NOT_SUPPORTED (a 32-bit DLL, but no
// 32-bit catalog that this process could write); ERR_CATALOG_BUSY; ERR_OTHERS_DEPEND (a repair would have to take out
// entries that another provider's chains stand on); ERR_NO_LOWER_PROVIDER (nothing to stand on); ERR_UNKNOWN_ENTRY,
// ERR_INVALID_CHOICE (an entry that was chosen by its id does not exist or cannot be stood on); ERR_NON_IFS_PROVIDER
// (both catalogs, and what is topmost in one has no IFS handles); ERR_BROKEN_CHAIN (both catalogs, and what is topmost
// in one is a chain that names an entry which does not exist); ERR_CHAIN_TOO_LONG; ERR_READBACK_MISMATCH (the
// catalog does not hold what was written); the code of the failing WSC function.
Result<InstallReport> install_provider(const InstallOptions& options);

struct RemoveOptions {
    bool purge = false;  // the administrator's rules too
};

struct RemoveReport {
    bool changed = false;        // false: there was nothing of ours
    std::vector<DWORD> entries;  // the ids that were removed
    std::wstring backup;         // as InstallReport's
    std::size_t rules = 0;       // rules of the administrator's that were there
    bool purged = false;         // they are gone; else they stay, and are in force with the next installation
};

// Serialised like install_provider, and backed up; on an error the catalog is put back. Takes every entry of ours out
// of the catalog(s). Chains that other providers built over ours are reported, not removed: ERR_OTHERS_DEPEND names
// them and nothing is changed. Staged DLLs are deleted as install_provider deletes them, all of them.
Result<RemoveReport> remove_provider(const RemoveOptions& options = {});

// True if every chain that the last install_provider was to make is there and names an existing DLL.
Result<bool> is_installed();

// Copies the DLL to %ProgramFiles%\winsock-lsp\<version>\winsock-lsp.dll (winsock-lsp-ia32.dll if it is a 32-bit one),
// where only administrators can write, and gives that path. A DLL that lies under %ProgramFiles%\winsock-lsp is left
// where it is. winsock-lsp-setup.dll, if it lies beside the source, is copied along. The same bytes already there:
// nothing is copied. In use by other bytes of the same version: a folder with a suffix is made. Errors:
// ERROR_FILE_NOT_FOUND, ERR_NOT_A_PROVIDER, ERROR_ACCESS_DENIED, ERR_UNTRUSTED_PATH (check_source), the code of the
// failing call.
Result<std::wstring> stage_provider_dll(const std::wstring& source, SourceTrust trust = SourceTrust::judge);

// What can be said against installing from these files before one of them is copied: ERR_UNTRUSTED_PATH (check_source;
// not of what is staged already, which install_provider judges), ERR_DOWNGRADE (what is registered is newer, and
// `downgrade` does not say that this is meant).
Outcome check_sources(const std::vector<std::wstring>& dlls, SourceTrust trust, bool downgrade);

}  // namespace lsp::setup
