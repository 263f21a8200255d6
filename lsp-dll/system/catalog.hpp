// The Winsock protocol catalog: reading it, and putting our provider into it and out again.
#pragma once

#include <winsock2.h>
#include <ws2spi.h>

#include <string>
#include <vector>

#include "error.hpp"

namespace lsp::system {

// A 64-bit Windows has two catalogs. A 32-bit process sees only the 32-bit one.
enum class Architecture { x64, ia32 };
#ifdef _WIN64
inline constexpr Architecture native_architecture = Architecture::x64;
#else
inline constexpr Architecture native_architecture = Architecture::ia32;
#endif

// The provider id of our layered entry (what GetLspGuid exports).
extern const GUID provider_guid;
// The names that we give to our entries start with this.
inline constexpr wchar_t default_provider_name[] = L"winsock-lsp";

struct CatalogEntry {
    WSAPROTOCOL_INFOW info{};
    std::wstring path;     // as registered, environment strings not expanded; empty if the catalog did not tell
    DWORD path_error = 0;  // why not (WSCGetProviderPath)
    bool ours = false;     // our layered entry, or a chain whose top it is

    bool is_base() const { return info.ProtocolChain.ChainLen == BASE_PROTOCOL; }
    bool is_layered() const { return info.ProtocolChain.ChainLen == LAYERED_PROTOCOL; }
    bool is_chain() const { return info.ProtocolChain.ChainLen > 1; }
};

// All entries, hidden ones too, in catalog order. WSCEnumProtocols or WSCEnumProtocols32, WSCGetProviderPath(32).
// Errors: ERROR_NOT_SUPPORTED if this process cannot see that catalog, or the code of the failing call.
Result<std::vector<CatalogEntry>> enumerate_catalog(Architecture architecture = native_architecture);

// One protocol chain entry's lower neighbour: what the layer at `ours` in `chain` stands on. Used by WSPStartup.
// `path` is the DLL to load, environment strings expanded. ERR_NO_LOWER_PROVIDER if the chain does not say.
struct LowerProvider {
    WSAPROTOCOL_INFOW info{};  // of the lower entry: pass it to the lower WSPSocket
    WSAPROTOCOL_INFOW
    startup_info{};  // pass it to the lower WSPStartup (the chain itself above another layered provider)
    std::wstring path;
};
Result<LowerProvider> lower_provider(const WSAPROTOCOL_INFOW& chain);

struct InstallOptions {
    std::wstring dll;                           // the provider's DLL for the native catalog; full path
    std::wstring dll32;                         // the 32-bit one; empty: the 32-bit catalog is left alone
    std::wstring name = default_provider_name;  // at most 100 characters
};

struct InstallReport {
    bool changed = false;        // false: it was installed and complete already
    std::wstring path;           // what is registered in the native catalog
    std::vector<DWORD> entries;  // the ids of our entries now in the native catalog
};

// Puts our provider above TCP, UDP and RAW over IPv4 and IPv6, first in the catalog, and reads the catalog back.
// Installing again repairs or upgrades, it never doubles. On any error the catalog is put back as it was.
// Serialised between processes by a named mutex.
// The whole catalog is first written as JSON to %ProgramData%\winsock-lsp\backup\catalog-<UTC time>.json.
// Errors: ERROR_ACCESS_DENIED before anything is touched if the process is not elevated; ERROR_FILE_NOT_FOUND;
// ERR_NOT_A_PROVIDER (no DLL, or without WSPStartup or GetLspGuid); ERR_WRONG_ARCHITECTURE (the DLL is for the other
// catalog); ERR_UNTRUSTED_PATH (ordinary users can write the DLL or replace it); ERROR_INVALID_PARAMETER (name or
// path); ERROR_NOT_SUPPORTED (a 32-bit DLL, but no 32-bit catalog that this process could write); ERR_CATALOG_BUSY;
// ERR_OTHERS_DEPEND (a repair would have to take out entries that another provider's chains stand on);
// ERR_NO_LOWER_PROVIDER (nothing to stand on); ERR_READBACK_MISMATCH (the catalog does not hold what was written); the
// code of the failing WSC function.
Result<InstallReport> install_provider(const InstallOptions& options);

struct RemoveReport {
    bool changed = false;        // false: there was nothing of ours
    std::vector<DWORD> entries;  // the ids that were removed
};

// Serialised like install_provider; on an error the catalog is put back. Takes every entry of ours out of the
// catalog(s). Chains that other providers built over ours are reported, not removed: ERR_OTHERS_DEPEND names them and
// nothing is changed.
Result<RemoveReport> remove_provider();

// True if every chain that install_provider makes is there and names an existing DLL.
Result<bool> is_installed();

// Copies the DLL to %ProgramFiles%\winsock-lsp\<version>\winsock-lsp.dll (winsock-lsp-ia32.dll if it is a 32-bit one),
// where only administrators can write, and gives that path. A DLL that lies under %ProgramFiles%\winsock-lsp is left
// where it is. The same bytes already there: nothing is copied. In use by other bytes of the same version: a folder
// with a suffix is made. Errors: ERROR_FILE_NOT_FOUND, ERR_NOT_A_PROVIDER, ERROR_ACCESS_DENIED, the code of the failing
// call.
Result<std::wstring> stage_provider_dll(const std::wstring& source);

bool is_elevated();

}  // namespace lsp::system
