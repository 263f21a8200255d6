// Private to system and setup: a catalog's entries as lists, and which of them are ours. Nothing here calls the system.
#pragma once

#include "catalog.hpp"

namespace lsp::system {

using Infos = std::vector<WSAPROTOCOL_INFOW>;
using Catalog = std::vector<CatalogEntry>;

Infos infos_of(const Catalog& catalog);

// As ids_in_chain.
std::vector<DWORD> chain_ids(const WSAPROTOCOL_INFOW& info);

// Sets `ours`: our layered entry, chains with our layered entry's id, and chains that an interrupted removal by
// somebody else left behind (their top id is nobody's, and they carry our name or our DLL).
void mark_ours(Catalog& catalog);

}  // namespace lsp::system
