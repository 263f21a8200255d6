// The two protocol catalogs as a test compares them.
#pragma once

#include <optional>
#include <string>

#include "setup/catalog_plan.hpp"

using lsp::system::Architecture;
using lsp::system::Catalog;

struct CatalogState {
    Catalog x64, ia32;
};
CatalogState read_state();

// What the catalog says, as text: ours by their place, not by their ids, which change whenever they are made again;
// others' to the last byte. Equal texts mean equal catalogs.
std::string canonical(const Catalog& catalog);
std::string canonical(const CatalogState& state);

// The same with all ids by their place, others' too: for what takes base providers out and installs them again.
std::string canonical_without_ids(const CatalogState& state);

// The first protocol for which programs find a provider in `before`, and none any more; empty if there is none. They
// find what is the first entry for it: a base provider, or a chain without a gap.
std::string lost_protocol(const CatalogState& state, const CatalogState& before);

// What is wrong with a catalog in which any program must find a working provider for TCP, UDP and RAW; empty if nothing
// is. `bare` is the catalog without ours.
struct Lenience {
    // Others' entries may stand elsewhere: restore puts what no program can load behind everything.
    bool others_moved = false;
    // A chain of ours may name an entry of the other catalog, where programs do not come to it: the call for both
    // catalogs, by which alone the 32-bit one is written, leaves that when nothing works any more after it.
    bool gaps_behind = false;
};
std::string damage(const Catalog& catalog, const Catalog& bare, const Lenience& lenience = {});
std::string damage(const CatalogState& state, const CatalogState& bare, const Lenience& lenience = {});
