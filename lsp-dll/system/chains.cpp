#include "chains.hpp"

#include <cwchar>

namespace lsp::system {
namespace {

bool ends_with_our_dll(const std::wstring& path) noexcept {
    for (const wchar_t* name : {L"\\winsock-lsp.dll", L"\\winsock-lsp-ia32.dll"}) {
        const std::size_t length = std::wcslen(name);
        if (path.size() > length && _wcsicmp(path.c_str() + path.size() - length, name) == 0) return true;
    }
    return false;
}

bool has_our_name(const WSAPROTOCOL_INFOW& info) noexcept {
    const std::size_t length = std::wcslen(default_provider_name);
    return std::wcsncmp(info.szProtocol, default_provider_name, length) == 0;
}

}  // namespace

Infos infos_of(const Catalog& catalog) {
    Infos infos;
    for (const CatalogEntry& entry : catalog) infos.push_back(entry.info);
    return infos;
}

std::vector<DWORD> chain_ids(const WSAPROTOCOL_INFOW& info) {
    const auto ids = ids_in_chain(info);
    return {ids.begin(), ids.end()};
}

void mark_ours(Catalog& catalog) {
    const Infos infos = infos_of(catalog);
    for (CatalogEntry& entry : catalog) {
        entry.ours = same_guid(entry.info.ProviderId, provider_guid);
        const std::vector<DWORD> ids = chain_ids(entry.info);
        if (entry.ours || !entry.is_chain() || ids.empty()) continue;
        const WSAPROTOCOL_INFOW* const top = find_entry(infos, ids.front());
        entry.ours = top != nullptr ? is_our_layered(*top) : has_our_name(entry.info) || ends_with_our_dll(entry.path);
    }
}

}  // namespace lsp::system
