#include "catalog.hpp"

#include "catalog_functions.hpp"
#include "chains.hpp"
#include "lower_provider.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

constexpr int longest_path = 32 * 1024;  // characters

int path_of(Architecture architecture, const GUID& provider, std::wstring& path) {
    int room = MAX_PATH;
    int error = 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
        path.resize(static_cast<std::size_t>(room));
        int length = room;
        error = provider_path(architecture, provider, path.data(), length);
        if (error == 0) {
            const std::size_t end = path.find(L'\0');
            path.resize(end == std::wstring::npos ? 0 : end);
            return 0;
        }
        if (error != WSAEFAULT || length <= room || length > longest_path) break;
        room = length;
    }
    path.clear();
    return error;
}

}  // namespace

std::string function_name(const char* native_name, Architecture architecture) {
    return concat({native_name, architecture == native_architecture ? "" : "32"});
}

Result<std::vector<CatalogEntry>> enumerate_catalog(Architecture architecture) {
    CatalogEntries infos;
    if (const int error = infos.read(architecture)) {
        const char* const remedy =
            error == ERROR_NOT_SUPPORTED ? "This process cannot see that catalog: ask from a 64-bit one." : "";
        return system_error(static_cast<std::uint32_t>(error), function_name("WSCEnumProtocols", architecture),
                            concat({"Cannot read the ", bits_of(architecture), " protocol catalog"}), remedy);
    }
    Catalog catalog;
    for (const WSAPROTOCOL_INFOW& info : infos.all()) {
        CatalogEntry entry;
        entry.info = info;
        entry.info.szProtocol[WSAPROTOCOL_LEN] = L'\0';
        entry.path_error = static_cast<DWORD>(path_of(architecture, info.ProviderId, entry.path));
        catalog.push_back(std::move(entry));
    }
    mark_ours(catalog);
    return catalog;
}

Result<LowerProvider> lower_provider(const WSAPROTOCOL_INFOW& chain) {
    CatalogEntries entries;
    if (const int error = entries.read(native_architecture)) {
        return system_error(static_cast<std::uint32_t>(error), "WSCEnumProtocols",
                            concat({"Cannot look up the next provider of chain ", chain.dwCatalogEntryId}));
    }
    FoundLower found;
    if (find_lower(chain, entries.all(), found)) return LowerProvider{*found.info, *found.startup_info, found.path};
    return own_error(
        "ERR_NO_LOWER_PROVIDER",
        concat({"Cannot find the next provider of chain ", chain.dwCatalogEntryId,
                ": the catalog has neither an entry that the chain names nor a base provider of its protocol. "
                "Install winsock-lsp again."}));
}

}  // namespace lsp::system
