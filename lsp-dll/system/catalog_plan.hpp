// Private to system: what the catalog says and should say, as values. Nothing here calls the system.
#pragma once

#include <optional>

#include "catalog.hpp"

namespace lsp::system {

using Infos = std::vector<WSAPROTOCOL_INFOW>;
using Catalog = std::vector<CatalogEntry>;

Infos infos_of(const Catalog& catalog);

const WSAPROTOCOL_INFOW* find_entry(const Infos& infos, DWORD id) noexcept;
// The ids in an entry's chain: its length as far as it can be believed.
std::vector<DWORD> chain_ids(const WSAPROTOCOL_INFOW& info);
bool same_protocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) noexcept;

// Sets `ours`: our layered entry, chains with our layered entry's id, and chains that an interrupted removal by
// somebody else left behind (their top id is nobody's, and they carry our name or our DLL).
void mark_ours(Catalog& catalog);

// The lower neighbour in the chain that our WSPStartup was given (see lower_provider).
struct LowerChoice {
    WSAPROTOCOL_INFOW info{};
    WSAPROTOCOL_INFOW startup_info{};
};
std::optional<LowerChoice> choose_lower(const WSAPROTOCOL_INFOW& chain, const Infos& infos);
// The first base provider of the same family, type and protocol.
std::optional<LowerChoice> choose_base(const WSAPROTOCOL_INFOW& chain, const Infos& infos);

// For each of TCP, UDP and RAW over IPv4 and IPv6 the topmost entry that a chain of ours can stand on: a base provider
// or another one's chain, with IFS handles. Entries of ours are passed over.
Infos lower_entries(const Catalog& catalog);

WSAPROTOCOL_INFOW layered_entry(const WSAPROTOCOL_INFOW& lower, const std::wstring& name);
// Nothing if the lower chain is as long as a chain can be.
std::optional<WSAPROTOCOL_INFOW> chain_entry(const WSAPROTOCOL_INFOW& lower, DWORD layered_id,
                                             const std::wstring& name);

// Our chains first, everything else in the order it has.
std::vector<DWORD> order_with_ours_first(const Catalog& catalog);
// The order that `before` has. Ours that were made again are known by their provider ids; chains of ours that are new
// come first, others that are new last.
std::vector<DWORD> order_as_before(const Catalog& catalog, const Catalog& before);
std::vector<DWORD> order_of(const Catalog& catalog);

// Why the catalog is not as install_provider makes it; empty if it is. An empty `path` stands for any.
std::string installation_fault(const Catalog& catalog, const std::wstring& path);

// The names of others' entries whose chains contain an entry of ours.
std::vector<std::wstring> dependents(const Catalog& catalog);

}  // namespace lsp::system
