// The Winsock protocol catalog, read. It is changed by ../setup.
#pragma once

#include <winsock2.h>
#include <ws2spi.h>

#include <string>
#include <vector>

#include "error.hpp"
#include "protocol_chains.hpp"

namespace lsp::system {

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

// The name of the function as messages give it: "WSCDeinstallProvider", with "32" for the 32-bit catalog of a 64-bit
// process.
std::string function_name(const char* native_name, Architecture architecture);

// find_lower of lower_provider.hpp with a message. ERR_NO_LOWER_PROVIDER if the chain does not say.
struct LowerProvider {
    WSAPROTOCOL_INFOW info{};
    WSAPROTOCOL_INFOW startup_info{};
    std::wstring path;
};
Result<LowerProvider> lower_provider(const WSAPROTOCOL_INFOW& chain);

}  // namespace lsp::system
