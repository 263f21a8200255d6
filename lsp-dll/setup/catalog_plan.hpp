// Private to setup: what the catalog should say, as values. Nothing here calls the system.
#pragma once

#include <optional>

#include "../system/chains.hpp"
#include "over.hpp"
#include "setup.hpp"

namespace lsp::setup {

// Windows does not add an entry to a provider, nor install a provider id twice: a base provider that has lost some of
// its entries has to be taken out and installed anew. So that at no moment programs are without, the same entries are
// first installed under an id made of the provider's (it has the provider's first 8 bytes, and the same last 8 always),
// put in front of everything, and taken out when all is settled.
GUID stand_in_for(const GUID& provider) noexcept;
bool is_stand_in(const GUID& provider) noexcept;

// Of a chain, an id that is no entry's.
std::optional<DWORD> missing_part(const WSAPROTOCOL_INFOW& info, const Infos& infos);

// For each of TCP, UDP and RAW over IPv4 and IPv6, as far as it is chosen, the chosen entry or else the topmost one
// that a chain of ours can stand on: a base provider or another one's chain, with IFS handles. Entries of ours are
// passed over, and so are chains that name an entry which does not exist, as an LSP leaves them that was taken out in
// part, and what stands in for a base provider while that is restored, unless there is nothing else.
Infos lower_entries(const Catalog& catalog, const Over& over = {});
// What is topmost for that protocol, whether a chain of ours can stand on it or not: what Windows' call for both
// catalogs stands on. Null if there is none but ours.
const CatalogEntry* topmost_entry(const Catalog& catalog, const WSAPROTOCOL_INFOW& protocol);
// Whether the chain is right above this entry: a chain over a chain names that one, or all its parts.
bool stands_on(const WSAPROTOCOL_INFOW& chain, const WSAPROTOCOL_INFOW& lower);
// Those whose protocol one of the others has, too.
Infos of_same_protocols(Infos infos, const Infos& others);
// ERR_UNKNOWN_ENTRY or ERROR_INVALID_PARAMETER if an entry that was chosen by its id is none that a chain can stand on.
Outcome check_choice(const Catalog& catalog, const Over& over);

WSAPROTOCOL_INFOW layered_entry(const WSAPROTOCOL_INFOW& lower, const std::wstring& name);
// Nothing if the lower chain is as long as a chain can be.
std::optional<WSAPROTOCOL_INFOW> chain_entry(const WSAPROTOCOL_INFOW& lower, DWORD layered_id,
                                             const std::wstring& name);

// Our chains first, with the chains of others that stand on them, everything else behind; all in the order they have.
std::vector<DWORD> order_with_ours_first(const Catalog& catalog);
// The order that `before` has. Ours that were made again are known by their provider ids; chains of ours that are new
// come first, others that are new last.
std::vector<DWORD> order_as_before(const Catalog& catalog, const Catalog& before);
std::vector<DWORD> order_of(const Catalog& catalog);

// Why the catalog is not as install_provider makes it; empty if it is. An empty `path` stands for any. Chains are
// wanted on `lowers` and on nothing else.
std::string installation_fault(const Catalog& catalog, const std::wstring& path, const Infos& lowers);
std::string installation_fault(const Catalog& catalog, const std::wstring& path, const Over& over = {});

// The catalog in that order, if nothing else is wrong with it: our chains are on these `lowers` already.
std::optional<Catalog> reordered(const Catalog& catalog, const std::wstring& path, const Infos& lowers);

// The names of others' entries whose chains contain an entry of ours.
std::vector<std::wstring> dependents(const Catalog& catalog);

}  // namespace lsp::setup
