#include "lower_provider.hpp"

#include <algorithm>

#include "catalog_functions.hpp"

namespace lsp::system {

bool find_lower(const WSAPROTOCOL_INFOW& chain, Entries entries, FoundLower& lower) noexcept {
    // The machine must not lose its network over one broken entry: where the chain's own next entry leads nowhere, the
    // base provider is asked.
    for (const auto& choice : {choose_lower(chain, entries), choose_base(chain, entries)}) {
        if (!choice) continue;
        wchar_t registered[MAX_PATH];
        int length = MAX_PATH;
        if (provider_path(native_architecture, choice->info->ProviderId, registered, length) != 0) continue;
        registered[MAX_PATH - 1] = L'\0';
        const DWORD needed = ExpandEnvironmentStringsW(registered, lower.path, MAX_PATH);
        if (needed <= 1 || needed > MAX_PATH) continue;
        lower.info = choice->info;
        lower.startup_info = choice->startup_info;
        return true;
    }
    return false;
}

const WSAPROTOCOL_INFOW* find_own_chain(const WSAPROTOCOL_INFOW& chain, const WSAPROTOCOL_INFOW& lower,
                                        Entries entries) noexcept {
    const auto ids = ids_in_chain(chain);
    const auto rest = std::find(ids.begin(), ids.end(), lower.dwCatalogEntryId);
    for (const WSAPROTOCOL_INFOW& entry : entries) {
        if (entry.ProtocolChain.ChainLen <= 1 || entry.ProtocolChain.ChainLen != ids.end() - rest) continue;
        if (std::equal(rest, ids.end(), entry.ProtocolChain.ChainEntries)) return &entry;
    }
    return nullptr;
}

}  // namespace lsp::system
