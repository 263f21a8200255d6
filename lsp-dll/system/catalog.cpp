#include "catalog.hpp"

#include "catalog_functions.hpp"
#include "chains.hpp"
#include "environment.hpp"
#include "text.hpp"

namespace lsp::system {

Result<std::vector<CatalogEntry>> enumerate_catalog(Architecture architecture) {
    Infos infos;
    if (const int error = enumerate_infos(architecture, infos)) {
        const char* const remedy =
            error == ERROR_NOT_SUPPORTED ? "This process cannot see that catalog: ask from a 64-bit one." : "";
        return system_error(static_cast<std::uint32_t>(error), function_name("WSCEnumProtocols", architecture),
                            concat({"Cannot read the ", bits_of(architecture), " protocol catalog"}), remedy);
    }
    Catalog catalog;
    for (const WSAPROTOCOL_INFOW& info : infos) {
        CatalogEntry entry;
        entry.info = info;
        entry.info.szProtocol[WSAPROTOCOL_LEN] = L'\0';
        entry.path_error = static_cast<DWORD>(provider_path(architecture, info.ProviderId, entry.path));
        catalog.push_back(std::move(entry));
    }
    mark_ours(catalog);
    return catalog;
}

Result<LowerProvider> lower_provider(const WSAPROTOCOL_INFOW& chain) {
    Infos infos;
    if (const int error = enumerate_infos(native_architecture, infos)) {
        return system_error(static_cast<std::uint32_t>(error), "WSCEnumProtocols",
                            concat({"Cannot look up the next provider of chain ", chain.dwCatalogEntryId}));
    }
    // The machine must not lose its network over one broken entry: where the chain's own next entry leads nowhere, the
    // base provider is asked.
    for (const auto& choice : {choose_lower(chain, infos), choose_base(chain, infos)}) {
        LowerProvider lower;
        if (!choice || provider_path(native_architecture, choice->info->ProviderId, lower.path) != 0) continue;
        lower.path = expand_environment(lower.path);
        if (lower.path.empty()) continue;
        lower.info = *choice->info;
        lower.startup_info = *choice->startup_info;
        return lower;
    }
    return own_error(
        "ERR_NO_LOWER_PROVIDER",
        concat({"Cannot find the next provider of chain ", chain.dwCatalogEntryId,
                ": the catalog has neither an entry that the chain names nor a base provider of its protocol. "
                "Install winsock-lsp again."}));
}

}  // namespace lsp::system
