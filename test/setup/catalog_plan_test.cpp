#include "setup/catalog_plan.hpp"

#include <doctest/doctest.h>

#include "../system/sample_catalog.hpp"
#include "../system/support.hpp"

using namespace lsp::setup;
using namespace sample;

TEST_CASE("the system's catalog has base providers for TCP and UDP, with their DLLs") {
    const auto catalog = enumerate_catalog();
    REQUIRE_MESSAGE(catalog, message_of(catalog));
    REQUIRE_FALSE(catalog->empty());
    const Infos lowers = lower_entries(*catalog);
    CHECK(lowers.size() >= 2);
}

TEST_CASE("new chains stand on the topmost entry with IFS handles, hidden or not") {
    CatalogEntry no_ifs = make_entry(40, L"not IFS", tcp4, other_chain_guid, {20, 1});
    no_ifs.info.dwServiceFlags1 = 0;
    CatalogEntry direct = make_entry(41, L"NetworkDirect", tcp4, other_chain_guid);
    direct.info.dwProviderFlags = 0x10;
    CatalogEntry hidden = make_entry(3, L"RAW", raw4, base_guid);
    hidden.info.dwProviderFlags = PFL_HIDDEN;
    const Infos lowers =
        lower_entries(marked({no_ifs, direct, ours_tcp, other_tcp, base1, base2, hidden, ours, other}));
    REQUIRE(lowers.size() == 3);
    CHECK(lowers[0].dwCatalogEntryId == 21);
    CHECK(lowers[1].dwCatalogEntryId == 2);
    CHECK(lowers[2].dwCatalogEntryId == 3);
}

TEST_CASE("new chains do not stand on what is left of another LSP") {
    // Its hidden entry, or what it stood on, is gone.
    const CatalogEntry headless = make_entry(40, L"headless over [TCP]", tcp4, other_chain_guid, {39, 1});
    const CatalogEntry baseless = make_entry(41, L"other over [RAW]", raw4, other_chain_guid, {20, 9});
    const Catalog catalog = marked({headless, baseless, base1, base2, other});
    const Infos lowers = lower_entries(catalog);
    REQUIRE(lowers.size() == 2);
    CHECK(lowers[0].dwCatalogEntryId == base1.info.dwCatalogEntryId);
    CHECK(lowers[1].dwCatalogEntryId == base2.info.dwCatalogEntryId);
    const Infos infos = infos_of(catalog);
    CHECK(missing_part(headless.info, infos) == std::optional<DWORD>(39));
    CHECK(missing_part(baseless.info, infos) == std::optional<DWORD>(9));
    CHECK_FALSE(missing_part(base1.info, infos));
    CHECK_FALSE(missing_part(other.info, infos));
    Over chosen;
    chosen.ids = {40};
    const Outcome outcome = check_choice(catalog, chosen);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == "ERR_INVALID_CHOICE");
    CHECK(outcome.error().message.find("names entry 39, which does not exist") != std::string::npos);
}

TEST_CASE("new chains stand on what stands in for a base provider only where there is nothing else") {
    CatalogEntry stand_in = base1, alone = base2;
    stand_in.info.ProviderId = alone.info.ProviderId = stand_in_for(base_guid);
    stand_in.info.dwCatalogEntryId = 60;
    const Infos lowers = lower_entries(marked({stand_in, alone, base1}));
    REQUIRE(lowers.size() == 2);
    CHECK(lowers[0].dwCatalogEntryId == base1.info.dwCatalogEntryId);
    CHECK(lowers[1].dwCatalogEntryId == alone.info.dwCatalogEntryId);
    CHECK_FALSE(is_stand_in(base_guid));
    CHECK(is_stand_in(stand_in_for(base_guid)));
}

TEST_CASE("a chain entry copies the lower one, with us on top") {
    const auto over_base = chain_entry(base1.info, 10, L"winsock-lsp");
    REQUIRE(over_base);
    CHECK(chain_ids(*over_base) == Ids{10, 1});
    CHECK(std::wstring(over_base->szProtocol) == L"winsock-lsp over [TCP]");
    CHECK((over_base->dwServiceFlags1 & XP1_IFS_HANDLES) != 0);
    CHECK(over_base->dwProviderFlags == base1.info.dwProviderFlags);
    const auto over_chain = chain_entry(other_tcp.info, 10, L"winsock-lsp");
    REQUIRE(over_chain);
    CHECK(chain_ids(*over_chain) == Ids{10, 21, 1});  // the chain itself, not the LSP's hidden entry
    const CatalogEntry full = make_entry(50, L"full", tcp4, other_chain_guid, {1, 2, 3, 4, 5, 6, 7});
    CHECK_FALSE(chain_entry(full.info, 10, L"winsock-lsp"));
    const CatalogEntry almost = make_entry(50, L"almost", tcp4, other_chain_guid, {1, 2, 3, 4, 5, 6});
    CHECK(chain_entry(almost.info, 10, L"winsock-lsp"));
    const auto cut = chain_entry(base1.info, 10, std::wstring(300, L'n'));
    REQUIRE(cut);
    CHECK(std::wstring(cut->szProtocol).size() == WSAPROTOCOL_LEN);
}

TEST_CASE("who stands on entries of ours is told by name") {
    const CatalogEntry over_ours = make_entry(34, L"other over ours", tcp4, other_chain_guid, {20, 11, 1});
    const Catalog catalog = marked({ours_tcp, ours, base1, base2, other, other_tcp, over_ours});
    CHECK(dependents(catalog) == std::vector<std::wstring>{L"other over ours"});
}

TEST_CASE("where only the order is wrong, ours come first, with what stands on them") {
    const CatalogEntry over_ours = make_entry(34, L"other over ours", tcp4, other_chain_guid, {20, 11, 1});
    const Catalog good = marked({over_ours, ours_tcp, ours_udp, base1, base2, ours, other});
    const Infos lowers = lower_entries(marked({base1, base2}));
    const auto same = reordered(good, {}, lowers);
    REQUIRE(same);
    CHECK(order_of(*same) == order_of(good));
    const auto put = reordered(marked({base1, over_ours, base2, ours, ours_tcp, other, ours_udp}), {}, lowers);
    REQUIRE(put);
    CHECK(order_of(*put) == Ids{34, 11, 12, 1, 2, 10, 20});
    const auto turned = reordered(marked({base1, ours_udp, base2, ours_tcp, ours}), {}, lowers);
    REQUIRE(turned);
    CHECK(order_of(*turned) == Ids{11, 12, 1, 2, 10});

    CHECK_FALSE(reordered(marked({base1, ours_tcp, base2, ours}), {}, lowers));                  // a chain is missing
    CHECK_FALSE(reordered(marked({base1, ours_tcp, ours_udp, base2}), {}, lowers));              // the layered entry is
    CHECK_FALSE(reordered(marked({base1, ours_tcp, ours_udp, base2, ours}), L"x.dll", lowers));  // another path
    // Another one's chain is on top: ours belong on it, not past it.
    const Catalog overtaken = marked({other_tcp, ours_tcp, ours_udp, base1, base2, ours, other});
    CHECK_FALSE(reordered(overtaken, {}, lower_entries(overtaken)));
    Catalog twice = good;
    twice.push_back(base1);
    CHECK_FALSE(reordered(twice, {}, lowers));
}

TEST_CASE("the catalog's order: ours first, and back as it was") {
    const Catalog now = marked({base1, other_tcp, ours, base2, other, ours_tcp, ours_udp});
    CHECK(order_with_ours_first(now) == Ids{11, 12, 1, 21, 10, 2, 20});
    CHECK(order_as_before(now, marked({other_tcp, base2, base1, other})) == Ids{11, 12, 21, 2, 1, 20, 10});
    // Ours were made again with other ids.
    CatalogEntry earlier = ours, earlier_tcp = ours_tcp;
    earlier.info.dwCatalogEntryId = 70;
    earlier_tcp.info.dwCatalogEntryId = 71;
    earlier_tcp.info.ProtocolChain.ChainEntries[0] = 70;
    const Catalog alone = marked({base1, base2, ours, ours_tcp});
    CHECK(order_as_before(alone, marked({base1, earlier_tcp, base2, earlier})) == Ids{1, 11, 2, 10});
}

TEST_CASE("what an installation lacks is told") {
    const std::wstring path = base1.path;
    CatalogEntry elsewhere = ours_udp;
    elsewhere.path = L"C:\\elsewhere.dll";
    CatalogEntry broken = ours_udp;
    broken.info.ProtocolChain.ChainEntries[1] = 99;
    CatalogEntry no_ifs = ours_udp;
    no_ifs.info.dwServiceFlags1 = 0;
    const CatalogEntry over_ours = make_entry(22, L"other over ours", tcp4, other_chain_guid, {20, 11, 1});
    const struct {
        const char* what;
        Catalog catalog;
        const char* fault;
    } situations[] = {
        {"complete", {ours_tcp, ours_udp, base1, base2, ours}, ""},
        {"complete, under another that stands on it", {over_ours, ours_tcp, ours_udp, base1, base2, ours, other}, ""},
        {"nothing", {base1, base2}, "layered entry is missing"},
        {"no chain for UDP", {ours_tcp, base1, base2, ours}, "\"UDP\""},
        {"not first", {base2, ours_tcp, ours_udp, base1, ours}, "\"UDP\""},
        {"another beside it is first", {other_tcp, ours_tcp, ours_udp, base1, base2, ours, other}, "other over [TCP]"},
        {"another path", {ours_tcp, elsewhere, base1, base2, ours}, "elsewhere.dll"},
        {"a chain on a missing entry", {ours_tcp, broken, base1, base2, ours}, "entry 99"},
        {"without IFS handles", {ours_tcp, no_ifs, base1, base2, ours}, "IFS"},
        {"an empty catalog", {}, "to stand on"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        const std::string fault = installation_fault(marked(situation.catalog), path);
        CAPTURE(fault);
        if (*situation.fault == '\0')
            CHECK(fault.empty());
        else
            CHECK(contains(fault, situation.fault));
    }
}
