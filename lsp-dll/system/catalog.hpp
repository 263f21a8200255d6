// The Winsock protocol catalog, read. It is changed by ../setup.
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

// "64-bit" or "32-bit", as messages name a catalog.
constexpr const char* bits_of(Architecture architecture) noexcept {
    return architecture == Architecture::x64 ? "64-bit" : "32-bit";
}

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

}  // namespace lsp::system
