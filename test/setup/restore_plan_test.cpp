// Restoring as values: what is wanted, and the steps towards it.
#include "setup/restore_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/order_plan.hpp"

using namespace lsp::setup;

namespace {

constexpr GUID guid_of(unsigned char number) {
    return {0x44444444, 4, 4, {number, number, number, number, number, number, number, number}};
}

Catalog sample() {
    return {make_entry(21, L"LSP over TCP", tcp4, guid_of(2), {20, 1}), make_entry(1, L"TCP", tcp4, base_guid),
            make_entry(2, L"UDP", udp4, base_guid), make_entry(20, L"LSP", tcp4, guid_of(1), {}, true)};
}

// Carries out all steps on values; gives their kinds.
std::string run(const WantedCatalog& wanted, Catalog& catalog) {
    std::string kinds;
    std::vector<GUID> cannot_update;
    DWORD next_id = 100;
    for (int i = 0; i < 50; ++i) {
        const auto step = next_step(wanted, catalog, cannot_update);
        if (!step) return kinds;
        kinds += "iuro"[static_cast<int>(step->kind)];
        apply(*step, catalog, next_id);
    }
    return kinds + "...";
}

std::vector<std::wstring> names(const Catalog& catalog) {
    std::vector<std::wstring> result;
    for (const CatalogEntry& entry : catalog) result.emplace_back(entry.info.szProtocol);
    return result;
}

const CatalogEntry& named(const Catalog& catalog, const wchar_t* name) {
    for (const CatalogEntry& entry : catalog) {
        if (std::wstring(entry.info.szProtocol) == name) return entry;
    }
    FAIL("no such entry");
    return catalog.front();
}

}  // namespace

TEST_CASE("nothing to do where the catalog is as the backup has it, whatever its ids") {
    Catalog current = sample();
    for (CatalogEntry& entry : current) {
        entry.info.dwCatalogEntryId += 1000;
        if (entry.is_chain()) {
            for (DWORD& id : entry.info.ProtocolChain.ChainEntries) id += 1000;
        }
    }
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    CHECK(run(wanted, current) == "");
}

TEST_CASE("a base provider's name is Windows', in Windows' language: no difference") {
    Catalog current = sample();
    current[1].info.szProtocol[0] = L'X';
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    CHECK(run(wanted, current) == "");
    current[0].info.szProtocol[0] = L'X';  // a chain's is its maker's
    CHECK(run(wanted, current) == "u");
}

TEST_CASE("what is missing is installed from the bottom up, and chains name the new ids") {
    Catalog current;
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    CHECK(run(wanted, current) == "iiio");
    CHECK(names(current) == names(sample()));
    const std::vector<DWORD> chain = chain_ids(named(current, L"LSP over TCP").info);
    CHECK(chain == std::vector<DWORD>{named(current, L"LSP").info.dwCatalogEntryId,
                                      named(current, L"TCP").info.dwCatalogEntryId});
}

TEST_CASE("each difference and the steps that mend it") {
    Catalog current = sample();
    const char* steps = "";
    SUBCASE("another path") {
        current[0].path = L"C:\\other.dll";
        steps = "u";
    }
    SUBCASE("another flag") {
        current[3].info.dwServiceFlags1 = 0;
        steps = "u";
    }
    SUBCASE("a chain that names something else") {
        current[0].info.ProtocolChain.ChainEntries[1] = 2;
        steps = "u";
    }
    SUBCASE("the order") {
        std::swap(current[0], current[2]);
        steps = "o";
    }
    SUBCASE("an entry of two is missing: both are made again, and the chain over them") {
        current.erase(current.begin() + 2);
        steps = "ioriuro";  // with what stands in for it in front meanwhile
    }
    SUBCASE("the layered entry is missing") {
        current.pop_back();
        steps = "iu";
    }
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    CHECK(run(wanted, current) == steps);
    CHECK(names(current) == names(sample()));
}

// Whether programs get something for this protocol: the first entry is a base provider's, or a chain without a gap.
bool usable(const Catalog& catalog, const Kind& kind) {
    const Infos infos = infos_of(catalog);
    const WSAPROTOCOL_INFOW wanted = make_entry(0, L"", kind, base_guid).info;
    for (const CatalogEntry& entry : catalog) {
        if (entry.is_layered() || !same_protocol(entry.info, wanted)) continue;
        if (entry.is_base()) return true;
        const std::vector<DWORD> ids = chain_ids(entry.info);
        return std::all_of(ids.begin(), ids.end(), [&](DWORD id) { return find_entry(infos, id) != nullptr; });
    }
    return false;
}

TEST_CASE(
    "a base provider that lost an entry: interrupted after any step, programs have what they had, and restoring "
    "again ends the same") {
    Catalog damaged = sample();
    damaged.erase(damaged.begin() + 2);  // UDP
    const BackedUpCatalog backup{native_architecture, sample(), {}, {}};
    for (const bool exact : {false, true}) {
        DWORD next_id = 100;
        Catalog current = damaged;
        std::vector<Catalog> states;
        const WantedCatalog wanted = wanted_catalog(backup, current, exact);
        while (const auto step = next_step(wanted, current, {})) {
            REQUIRE(states.size() < 20);
            apply(*step, current, next_id);
            states.push_back(current);
        }
        CHECK(states.size() == 7);
        for (Catalog& state : states) {
            CHECK(usable(state, tcp4));
            const WantedCatalog again = wanted_catalog(backup, state, exact);
            run(again, state);
            CHECK(names(state) == names(sample()));
            for (const CatalogEntry& entry : state) CHECK_FALSE(is_stand_in(entry.info.ProviderId));
        }
    }
}

TEST_CASE("chains that were laid over what stands in are moved to what it stood in for") {
    Catalog current = sample();
    for (CatalogEntry& entry : current) {
        if (entry.is_base()) entry.info.ProviderId = stand_in_for(base_guid);
    }
    current.push_back(make_entry(30, L"Later", tcp4, guid_of(5), {}, true));
    current.insert(current.begin(), make_entry(31, L"Later over TCP", tcp4, guid_of(6), {30, 1}));
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    run(wanted, current);
    CHECK(usable(current, tcp4));
    CHECK(names(current).front() == L"Later over TCP");
    CHECK(chain_ids(named(current, L"Later over TCP").info)[1] == named(current, L"TCP").info.dwCatalogEntryId);
    CHECK(std::none_of(current.begin(), current.end(),
                       [](const CatalogEntry& entry) { return is_stand_in(entry.info.ProviderId); }));
}

TEST_CASE("chains of ours that were installed since the backup make way for those that it has") {
    Catalog backup = sample();
    backup[3].info.ProviderId = provider_guid;
    Catalog current = backup;
    current[0].info.ProviderId = guid_of(9);
    mark_ours(current);
    SUBCASE("also if nothing else is to go") {
        run(wanted_catalog({native_architecture, backup, {}, {}}, current, false), current);
        CHECK(names(current) == names(backup));
        CHECK(same_guid(current[0].info.ProviderId, guid_of(2)));
    }
    SUBCASE("but stay where it has nothing of ours") {
        const Catalog bases(backup.begin() + 1, backup.begin() + 3);
        const WantedCatalog wanted = wanted_catalog({native_architecture, bases, {}, {}}, current, false);
        CHECK(run(wanted, current) == "");
        CHECK(current.size() == 4);
    }
}

TEST_CASE("what cannot be updated is taken out and installed again") {
    Catalog current = sample();
    current[0].path = L"C:\\other.dll";
    const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
    const auto step = next_step(wanted, current, {guid_of(2)});
    REQUIRE(step);
    CHECK(step->kind == RestoreStep::Kind::remove);
}

TEST_CASE("what the backup does not know stays, with its chains on the new ids; or goes, if it is to be exact") {
    Catalog current = sample();
    current.push_back(make_entry(30, L"Later", tcp4, guid_of(5), {}, true));
    current.insert(current.begin(), make_entry(31, L"Later over LSP", tcp4, guid_of(6), {30, 20, 1}));
    current[1].path = L"C:\\scrambled.dll";
    current.erase(current.begin() + 4);  // LSP
    current.push_back(make_entry(40, L"LSP", tcp4, guid_of(1), {}, true));
    SUBCASE("stays") {
        // Its chain names entry 20, which does not exist any more: nobody can say what it stood on.
        const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
        CHECK(run(wanted, current) == "uo");
        CHECK(chain_ids(named(current, L"Later over LSP").info) == std::vector<DWORD>{30, 20, 1});
    }
    SUBCASE("stays, rewritten") {
        current[0].info.ProtocolChain.ChainEntries[1] = 40;
        current[3].path = L"C:\\x.dll";  // UDP differs from TCP of the same provider
        const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, false);
        std::erase_if(current, [](const CatalogEntry& entry) { return entry.info.dwCatalogEntryId == 40; });
        run(wanted, current);
        const std::vector<DWORD> chain = chain_ids(named(current, L"Later over LSP").info);
        CHECK(chain[1] == named(current, L"LSP").info.dwCatalogEntryId);
        CHECK(chain[1] >= 100);
        CHECK(names(current).front() == L"Later over LSP");
    }
    SUBCASE("goes") {
        const WantedCatalog wanted = wanted_catalog({native_architecture, sample(), {}, {}}, current, true);
        CHECK(run(wanted, current) == "rru");
        CHECK(names(current) == names(sample()));
    }
}

TEST_CASE("a broken chain of the backup is told, and nothing of that provider touched") {
    Catalog backup = sample();
    backup[0].info.ProtocolChain.ChainEntries[0] = 77;
    Catalog current = sample();
    for (const bool exact : {true, false}) {
        const WantedCatalog wanted = wanted_catalog({native_architecture, backup, {}, {}}, current, exact);
        REQUIRE(wanted.notes.size() == 1);
        CHECK(contains(wanted.notes[0], "LSP over TCP"));
        Catalog copy = current;
        run(wanted, copy);
        CHECK(chain_ids(named(copy, L"LSP over TCP").info) == std::vector<DWORD>{20, 1});
    }
}

TEST_CASE("an order of some entries leaves the others where they are, or behind") {
    const std::vector<DWORD> current = {1, 2, 3, 4, 5};
    const struct {
        std::vector<DWORD> ids;
        bool first;
        std::vector<DWORD> order;
    } situations[] = {
        {{4}, true, {4, 1, 2, 3, 5}},
        {{5, 2}, true, {5, 2, 1, 3, 4}},
        {{4, 2}, false, {1, 4, 3, 2, 5}},
        {{5, 4, 3, 2, 1}, false, {5, 4, 3, 2, 1}},
        {{5, 4, 3, 2, 1}, true, {5, 4, 3, 2, 1}},
        {{3}, false, {1, 2, 3, 4, 5}},
    };
    for (const auto& each : situations) CHECK(*plan_order(current, each.ids, each.first) == each.order);
    CHECK(code_of(plan_order(current, {6}, true)) == "ERR_UNKNOWN_ENTRY");
    CHECK(code_of(plan_order(current, {1, 2, 1}, false)) == "ERR_UNKNOWN_ENTRY");
}
