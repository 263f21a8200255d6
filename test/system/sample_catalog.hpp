// A catalog as values, with our entries and another's.
#pragma once

#include <vector>

#include "catalog_support.hpp"

namespace sample {

using namespace lsp::system;

using Ids = std::vector<DWORD>;
inline constexpr GUID our_chain_guid = {0x99999999, 0, 0x4000, {0x80, 0, 0, 0, 0, 0, 0, 1}};

// Base 1 (TCP), 2 (UDP), 3 (RAW, hidden); ours: layered 10, chains 11 over 1 and 12 over 2; another's: layered 20,
// chain 21 over 1.
inline const CatalogEntry base1 = make_entry(1, L"TCP", tcp4, base_guid);
inline const CatalogEntry base2 = make_entry(2, L"UDP", udp4, base_guid);
inline const CatalogEntry ours = make_entry(10, L"winsock-lsp", tcp4, provider_guid, {}, true);
inline const CatalogEntry ours_tcp = make_entry(11, L"winsock-lsp over [TCP]", tcp4, our_chain_guid, {10, 1});
inline const CatalogEntry ours_udp = make_entry(12, L"winsock-lsp over [UDP]", udp4, our_chain_guid, {10, 2});
inline const CatalogEntry other = make_entry(20, L"other", tcp4, other_guid, {}, true);
inline const CatalogEntry other_tcp = make_entry(21, L"other over [TCP]", tcp4, other_chain_guid, {20, 1});

inline Catalog marked(Catalog catalog) {
    mark_ours(catalog);
    return catalog;
}

}  // namespace sample
