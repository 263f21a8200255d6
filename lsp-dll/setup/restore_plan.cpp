#include "restore_plan.hpp"

#include <algorithm>
#include <cwchar>

#include "../system/guid.hpp"
#include "../system/text.hpp"
#include "catalog_plan.hpp"

namespace lsp::setup {
namespace {

using Places = std::vector<std::size_t>;

std::vector<GUID> guids_of(const Catalog& catalog) {
    std::vector<GUID> guids;
    for (const CatalogEntry& entry : catalog) {
        if (!contains_guid(guids, entry.info.ProviderId)) guids.push_back(entry.info.ProviderId);
    }
    return guids;
}

Places places_of(const Catalog& catalog, const GUID& provider) {
    Places places;
    for (std::size_t i = 0; i < catalog.size(); ++i) {
        if (same_guid(catalog[i].info.ProviderId, provider)) places.push_back(i);
    }
    return places;
}

// All but the ids, and of Windows' own providers the name, which is in the language of Windows.
bool same_description(const WSAPROTOCOL_INFOW& a, const WSAPROTOCOL_INFOW& b) {
    return a.dwServiceFlags1 == b.dwServiceFlags1 && a.dwServiceFlags2 == b.dwServiceFlags2 &&
           a.dwServiceFlags3 == b.dwServiceFlags3 && a.dwServiceFlags4 == b.dwServiceFlags4 &&
           a.dwProviderFlags == b.dwProviderFlags && a.ProtocolChain.ChainLen == b.ProtocolChain.ChainLen &&
           a.iVersion == b.iVersion && a.iAddressFamily == b.iAddressFamily && a.iMaxSockAddr == b.iMaxSockAddr &&
           a.iMinSockAddr == b.iMinSockAddr && a.iSocketType == b.iSocketType && a.iProtocol == b.iProtocol &&
           a.iProtocolMaxOffset == b.iProtocolMaxOffset && a.iNetworkByteOrder == b.iNetworkByteOrder &&
           a.iSecurityScheme == b.iSecurityScheme && a.dwMessageSize == b.dwMessageSize &&
           a.dwProviderReserved == b.dwProviderReserved &&
           (a.ProtocolChain.ChainLen == BASE_PROTOCOL || std::wcscmp(a.szProtocol, b.szProtocol) == 0);
}

// For each entry of one provider, the place of the one that it is in `others`: the same description first, then
// whatever of that provider is left, in order.
std::vector<std::optional<std::size_t>> match_provider(const Catalog& entries, const Places& places,
                                                       const Catalog& others, const Places& other_places) {
    std::vector<std::optional<std::size_t>> matches(places.size());
    std::vector<bool> taken(other_places.size());
    for (const bool exactly : {true, false}) {
        for (std::size_t i = 0; i < places.size(); ++i) {
            for (std::size_t j = 0; j < other_places.size() && !matches[i]; ++j) {
                if (taken[j] || (exactly && !same_description(entries[places[i]].info, others[other_places[j]].info)))
                    continue;
                matches[i] = other_places[j];
                taken[j] = true;
            }
        }
    }
    return matches;
}

std::vector<std::optional<std::size_t>> match_all(const Catalog& entries, const Catalog& others) {
    std::vector<std::optional<std::size_t>> matches(entries.size());
    for (const GUID& guid : guids_of(entries)) {
        const Places places = places_of(entries, guid);
        const auto found = match_provider(entries, places, others, places_of(others, guid));
        for (std::size_t i = 0; i < places.size(); ++i) matches[places[i]] = found[i];
    }
    return matches;
}

Catalog entries_of(const WantedCatalog& wanted) {
    Catalog catalog;
    for (const WantedEntry& each : wanted.entries) catalog.push_back(each.entry);
    return catalog;
}

std::optional<std::size_t> place_of_id(const Catalog& catalog, DWORD id) {
    for (std::size_t i = 0; i < catalog.size(); ++i) {
        if (catalog[i].info.dwCatalogEntryId == id) return i;
    }
    return std::nullopt;
}

// The providers of `catalog` that can be made anew: whose chains name entries of other providers of which the same is
// true. `known` says of an id that is not one of these what it stands for.
template <typename Known>
std::vector<GUID> buildable(const Catalog& catalog, const std::vector<GUID>& among, Known known) {
    std::vector<GUID> good;
    for (bool grown = true; grown;) {
        grown = false;
        for (const GUID& guid : among) {
            if (contains_guid(good, guid)) continue;
            bool complete = true;
            for (const std::size_t place : places_of(catalog, guid)) {
                // The catalog did not tell it.
                if (catalog[place].path.empty()) complete = false;
                if (!catalog[place].is_chain()) continue;
                if (catalog[place].info.ProtocolChain.ChainLen > MAX_PROTOCOL_CHAIN) complete = false;
                for (const DWORD id : chain_ids(catalog[place].info)) {
                    const auto target = place_of_id(catalog, id);
                    complete = complete && target &&
                               (contains_guid(good, catalog[*target].info.ProviderId) ||
                                (!contains_guid(among, catalog[*target].info.ProviderId) && known(*target)));
                }
            }
            if (!complete) continue;
            good.push_back(guid);
            grown = true;
        }
    }
    return good;
}

bool stands_in_for_any(const GUID& guid, const std::vector<GUID>& providers) {
    return std::any_of(providers.begin(), providers.end(),
                       [&](const GUID& provider) { return same_guid(guid, stand_in_for(provider)); });
}

enum class State { good, missing, different, incomplete, blocked };

State state_of(const WantedCatalog& wanted, const Catalog& entries, const GUID& provider, const Catalog& current,
               const std::vector<std::optional<DWORD>>& ids, const std::vector<bool>& settled) {
    const Places places = places_of(entries, provider);
    if (wanted.entries[places.front()].as_is) return State::good;
    bool blocked = false;
    for (const std::size_t place : places) {
        for (const std::size_t part : wanted.entries[place].chain) blocked = blocked || !settled[part];
    }
    if (blocked) return State::blocked;
    const Places now = places_of(current, provider);
    if (now.empty()) return State::missing;
    if (now.size() != places.size()) return State::incomplete;
    const auto matches = match_provider(entries, places, current, now);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const WantedEntry& want = wanted.entries[places[i]];
        const CatalogEntry& is = current[*matches[i]];
        if (!same_description(want.entry.info, is.info) || want.entry.path != is.path) return State::different;
        if (!want.entry.is_chain()) continue;
        const std::vector<DWORD> chain = chain_ids(is.info);
        for (std::size_t part = 0; part < want.chain.size(); ++part) {
            if (part >= chain.size() || chain[part] != ids[want.chain[part]]) return State::different;
        }
    }
    return State::good;
}

RestoreStep write_step(RestoreStep::Kind kind, const WantedCatalog& wanted, const Catalog& entries,
                       const GUID& provider, const std::vector<std::optional<DWORD>>& ids) {
    RestoreStep step;
    step.kind = kind;
    step.provider = provider;
    for (const std::size_t place : places_of(entries, provider)) {
        const WantedEntry& want = wanted.entries[place];
        WSAPROTOCOL_INFOW info = want.entry.info;
        info.dwCatalogEntryId = kind == RestoreStep::Kind::update ? ids[place].value_or(0) : 0;
        std::fill(std::begin(info.ProtocolChain.ChainEntries), std::end(info.ProtocolChain.ChainEntries), 0);
        for (std::size_t part = 0; part < want.chain.size(); ++part) {
            info.ProtocolChain.ChainEntries[part] = ids[want.chain[part]].value_or(0);
        }
        if (step.infos.empty()) {
            step.path = want.entry.path;
            step.name = narrow(info.szProtocol);
        }
        step.infos.push_back(info);
    }
    return step;
}

std::string stand_in_name(const std::string& name) { return concat({"stand-in for ", name}); }

RestoreStep remove_step(const Catalog& current, const GUID& provider) {
    RestoreStep step;
    step.kind = RestoreStep::Kind::remove;
    step.provider = provider;
    for (const CatalogEntry& entry : current) {
        if (step.name.empty() && same_guid(entry.info.ProviderId, provider)) step.name = narrow(entry.info.szProtocol);
    }
    if (is_stand_in(provider)) step.name = stand_in_name(step.name);
    return step;
}

// What takes the provider out of the way: of a base provider, not before what stands in for it is in front.
RestoreStep make_way(const WantedCatalog& wanted, const Catalog& entries, const GUID& provider, const Catalog& current,
                     const std::vector<std::optional<DWORD>>& ids) {
    if (!has_base(current, provider) || !has_base(entries, provider)) return remove_step(current, provider);
    RestoreStep step = write_step(RestoreStep::Kind::install, wanted, entries, provider, ids);
    step.provider = stand_in_for(provider);
    step.name = stand_in_name(step.name);
    const Places there = places_of(current, step.provider);
    if (there.empty()) return step;
    // Its installation did not come to its end.
    const bool whole = std::all_of(step.infos.begin(), step.infos.end(), [&](const WSAPROTOCOL_INFOW& info) {
        return std::any_of(there.begin(), there.end(),
                           [&](std::size_t place) { return same_description(current[place].info, info); });
    });
    if (!whole) return remove_step(current, step.provider);
    RestoreStep first;
    for (const bool stand_ins : {true, false}) {
        for (const CatalogEntry& entry : current) {
            if (is_stand_in(entry.info.ProviderId) == stand_ins) first.order.push_back(entry.info.dwCatalogEntryId);
        }
    }
    return first.order != order_of(current) ? first : remove_step(current, provider);
}

// Entries that nobody wants keep their order, behind the others.
std::vector<DWORD> wanted_order(const Catalog& current, const std::vector<std::optional<DWORD>>& ids) {
    std::vector<DWORD> order;
    for (const auto& id : ids) {
        if (id) order.push_back(*id);
    }
    const auto end = static_cast<std::ptrdiff_t>(order.size());
    for (const CatalogEntry& entry : current) {
        const DWORD id = entry.info.dwCatalogEntryId;
        if (std::find(order.begin(), order.begin() + end, id) == order.begin() + end) order.push_back(id);
    }
    return order;
}

}  // namespace

bool has_base(const Catalog& catalog, const GUID& provider) {
    return std::any_of(catalog.begin(), catalog.end(), [&](const CatalogEntry& entry) {
        return entry.is_base() && same_guid(entry.info.ProviderId, provider);
    });
}

bool contains_guid(const std::vector<GUID>& guids, const GUID& guid) noexcept {
    return std::any_of(guids.begin(), guids.end(), [&](const GUID& each) { return same_guid(each, guid); });
}

void leave_out(BackedUpCatalog& backup, const std::vector<GUID>& providers) {
    for (std::size_t i = backup.entries.size(); i-- > 0;) {
        if (!contains_guid(providers, backup.entries[i].info.ProviderId)) continue;
        const auto at = static_cast<std::ptrdiff_t>(i);
        backup.entries.erase(backup.entries.begin() + at);
        if (i < backup.categories.size()) backup.categories.erase(backup.categories.begin() + at);
    }
}

WantedCatalog wanted_catalog(const BackedUpCatalog& backup, const Catalog& current, bool exact,
                             const std::vector<GUID>& broken) {
    WantedCatalog wanted;
    wanted.exact = exact;
    const std::vector<GUID> in_backup = guids_of(backup.entries);
    const std::vector<GUID> good = buildable(backup.entries, in_backup, [](std::size_t) { return false; });
    for (std::size_t i = 0; i < backup.entries.size(); ++i) {
        const CatalogEntry& entry = backup.entries[i];
        const bool as_is = !contains_guid(good, entry.info.ProviderId);
        if (as_is) {
            wanted.notes.push_back(
                concat({"\"", entry.info.szProtocol, "\" (entry ", entry.info.dwCatalogEntryId,
                        " of the backup) is not restored: its chain, or another one of its provider, "
                        "names entries that the backup does not have, or its path is unknown."}));
        }
        const bool known = !as_is && i < backup.categories.size();
        wanted.entries.push_back({entry, {}, known ? backup.categories[i] : std::nullopt, as_is});
    }
    for (std::size_t i = 0; i < backup.entries.size(); ++i) {
        if (wanted.entries[i].as_is || !backup.entries[i].is_chain()) continue;
        for (const DWORD id : chain_ids(backup.entries[i].info)) {
            wanted.entries[i].chain.push_back(*place_of_id(backup.entries, id));
        }
    }
    if (exact) return wanted;

    // What only the current catalog has stays. Its chains may name entries that get other ids, so it is wanted too.
    std::vector<GUID> foreign;
    const bool has_us = contains_guid(in_backup, provider_guid);
    for (const GUID& guid : guids_of(current)) {
        if (contains_guid(in_backup, guid) || stands_in_for_any(guid, in_backup)) continue;
        const bool ours = current[places_of(current, guid).front()].ours;
        const bool stays_behind = contains_guid(broken, guid);
        (ours && has_us ? wanted.superseded : stays_behind ? wanted.kept : foreign).push_back(guid);
    }
    const Catalog known_entries = entries_of(wanted);
    const auto known = match_all(known_entries, current);
    const auto place_known = [&](std::size_t place) -> std::optional<std::size_t> {
        const auto found = std::find(known.begin(), known.end(), std::optional<std::size_t>(place));
        if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
        for (std::size_t i = 0; i < known_entries.size(); ++i) {
            const WSAPROTOCOL_INFOW &info = known_entries[i].info, &other = current[place].info;
            if (same_guid(stand_in_for(info.ProviderId), other.ProviderId) && same_description(info, other)) return i;
        }
        return std::nullopt;
    };
    const std::vector<GUID> movable =
        buildable(current, foreign, [&](std::size_t place) { return place_known(place).has_value(); });
    std::vector<WantedEntry> first, last;
    std::vector<std::size_t> first_places, last_places;  // in `current`
    for (std::size_t i = 0; i < current.size(); ++i) {
        if (!contains_guid(movable, current[i].info.ProviderId)) continue;
        // Installed since the backup: chains put themselves first then, and stay there.
        (current[i].is_chain() ? first : last).push_back({current[i], {}, std::nullopt});
        (current[i].is_chain() ? first_places : last_places).push_back(i);
    }
    for (const GUID& guid : foreign) {
        if (!contains_guid(movable, guid)) wanted.kept.push_back(guid);
    }
    const std::size_t shift = first.size(), behind = shift + wanted.entries.size();
    for (WantedEntry& each : wanted.entries) {
        for (std::size_t& part : each.chain) part += shift;
    }
    const auto place_of_foreign = [&](std::size_t place) {
        const auto front = std::find(first_places.begin(), first_places.end(), place);
        if (front != first_places.end()) return static_cast<std::size_t>(front - first_places.begin());
        const auto back = std::find(last_places.begin(), last_places.end(), place);
        if (back != last_places.end()) return behind + static_cast<std::size_t>(back - last_places.begin());
        return shift + *place_known(place);
    };
    for (WantedEntry& each : first) {
        for (const DWORD id : chain_ids(each.entry.info)) {
            each.chain.push_back(place_of_foreign(*place_of_id(current, id)));
        }
    }
    wanted.entries.insert(wanted.entries.begin(), first.begin(), first.end());
    wanted.entries.insert(wanted.entries.end(), last.begin(), last.end());
    return wanted;
}

std::vector<std::optional<DWORD>> find_wanted(const WantedCatalog& wanted, const Catalog& current) {
    std::vector<std::optional<DWORD>> ids;
    for (const auto& place : match_all(entries_of(wanted), current)) {
        ids.push_back(place ? std::optional<DWORD>(current[*place].info.dwCatalogEntryId) : std::nullopt);
    }
    return ids;
}

std::optional<RestoreStep> next_step(const WantedCatalog& wanted, const Catalog& current,
                                     const std::vector<GUID>& cannot_update) {
    const Catalog entries = entries_of(wanted);
    const std::vector<GUID> guids = guids_of(entries);
    // Chains before what they stand on, so that a process killed in between leaves no chain over nothing.
    for (const bool chains : {true, false}) {
        for (const CatalogEntry& entry : current) {
            const GUID& guid = entry.info.ProviderId;
            const bool unwanted = wanted.exact && !contains_guid(guids, guid) && !contains_guid(wanted.kept, guid) &&
                                  !stands_in_for_any(guid, guids);
            if (entry.is_chain() == chains && (unwanted || contains_guid(wanted.superseded, guid)))
                return remove_step(current, guid);
        }
    }
    const auto ids = find_wanted(wanted, current);
    std::vector<bool> settled(entries.size());
    // A provider is looked at when all that its chains stand on is as it should be.
    for (bool grown = true; grown;) {
        grown = false;
        for (const GUID& guid : guids) {
            const Places places = places_of(entries, guid);
            if (settled[places.front()]) continue;
            switch (state_of(wanted, entries, guid, current, ids, settled)) {
                case State::blocked: continue;
                case State::good:
                    for (const std::size_t place : places) settled[place] = true;
                    grown = true;
                    continue;
                case State::missing: return write_step(RestoreStep::Kind::install, wanted, entries, guid, ids);
                case State::incomplete: return make_way(wanted, entries, guid, current, ids);
                case State::different:
                    if (contains_guid(cannot_update, guid)) return make_way(wanted, entries, guid, current, ids);
                    return write_step(RestoreStep::Kind::update, wanted, entries, guid, ids);
            }
        }
    }
    for (const CatalogEntry& entry : current) {
        const GUID& guid = entry.info.ProviderId;
        if (stands_in_for_any(guid, guids) && !contains_guid(guids, guid)) return remove_step(current, guid);
    }
    RestoreStep step;
    step.order = wanted_order(current, ids);
    if (step.order != order_of(current)) return step;
    return std::nullopt;
}

void apply(const RestoreStep& step, Catalog& catalog, DWORD& next_id) {
    Catalog changed;
    switch (step.kind) {
        case RestoreStep::Kind::install:
            for (WSAPROTOCOL_INFOW info : step.infos) {
                info.dwCatalogEntryId = next_id++;
                info.ProviderId = step.provider;
                CatalogEntry entry;
                entry.info = info;
                entry.path = step.path;
                catalog.push_back(std::move(entry));
            }
            return;
        case RestoreStep::Kind::update:
            for (CatalogEntry& entry : catalog) {
                if (!same_guid(entry.info.ProviderId, step.provider)) continue;
                entry.path = step.path;
                for (const WSAPROTOCOL_INFOW& info : step.infos) {
                    if (info.dwCatalogEntryId == entry.info.dwCatalogEntryId) entry.info = info;
                }
            }
            return;
        case RestoreStep::Kind::remove:
            std::erase_if(catalog,
                          [&](const CatalogEntry& entry) { return same_guid(entry.info.ProviderId, step.provider); });
            return;
        case RestoreStep::Kind::order:
            for (const DWORD id : step.order) {
                if (const auto place = place_of_id(catalog, id)) changed.push_back(catalog[*place]);
            }
            catalog = std::move(changed);
            return;
    }
}

std::string describe(const RestoreStep& step) {
    const std::string provider = concat({"\"", step.name, "\" ", guid_text(step.provider)});
    const std::string entries =
        concat({" (", step.infos.size(), step.infos.size() == 1 ? " entry, " : " entries, ", step.path, ")"});
    switch (step.kind) {
        case RestoreStep::Kind::install: return concat({"install ", provider, entries});
        case RestoreStep::Kind::update: return concat({"correct ", provider, entries});
        case RestoreStep::Kind::remove: return concat({"take out ", provider});
        case RestoreStep::Kind::order: break;
    }
    std::string order;
    for (const DWORD id : step.order) order += concat({order.empty() ? "" : ", ", id});
    return concat({"put the entries into the order ", order});
}

}  // namespace lsp::setup
