// Private to system and setup: what the catalog says, as values. Nothing here calls the system.
#pragma once

#include <optional>

#include "catalog.hpp"

namespace lsp::system {

using Infos = std::vector<WSAPROTOCOL_INFOW>;
using Catalog = std::vector<CatalogEntry>;

// NetworkDirect entries (Windows 8) speak to hardware around the socket calls.
inline constexpr DWORD network_direct = 0x10;  // PFL_NETWORKDIRECT_PROVIDER

Infos infos_of(const Catalog& catalog);

const WSAPROTOCOL_INFOW* find_entry(const Infos& infos, DWORD id) noexcept;
// The ids in an entry's chain: its length as far as it can be believed.
std::vector<DWORD> chain_ids(const WSAPROTOCOL_INFOW& info);
bool same_protocol(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) noexcept;
bool same_guid(const GUID& a, const GUID& b) noexcept;

bool is_our_layered(const WSAPROTOCOL_INFOW& info) noexcept;
// The id of our layered entry, or of a chain that starts with it.
bool is_our_id(const Infos& infos, DWORD id);

// Sets `ours`: our layered entry, chains with our layered entry's id, and chains that an interrupted removal by
// somebody else left behind (their top id is nobody's, and they carry our name or our DLL).
void mark_ours(Catalog& catalog);

// The lower neighbour in the chain that our WSPStartup was given (see lower_provider). They point to what choose_lower
// and choose_base were given: in the stack of somebody else's thread such structures are large.
struct LowerChoice {
    const WSAPROTOCOL_INFOW* info = nullptr;
    const WSAPROTOCOL_INFOW* startup_info = nullptr;
};
std::optional<LowerChoice> choose_lower(const WSAPROTOCOL_INFOW& chain, const Infos& infos);
// The first base provider of the same family, type and protocol.
std::optional<LowerChoice> choose_base(const WSAPROTOCOL_INFOW& chain, const Infos& infos);

}  // namespace lsp::system
