#include <doctest/doctest.h>

#include "catalog_support.hpp"
#include "support.hpp"

using namespace lsp::system;

namespace {

using Ids = std::vector<DWORD>;
constexpr GUID our_chain_guid = {0x99999999, 0, 0x4000, {0x80, 0, 0, 0, 0, 0, 0, 1}};

// Base 1 (TCP), 2 (UDP), 3 (RAW, hidden); ours: layered 10, chains 11 over 1 and 12 over 2; another's: layered 20,
// chain 21 over 1.
const CatalogEntry base1 = make_entry(1, L"TCP", tcp4, base_guid);
const CatalogEntry base2 = make_entry(2, L"UDP", udp4, base_guid);
const CatalogEntry ours = make_entry(10, L"winsock-lsp", tcp4, provider_guid, {}, true);
const CatalogEntry ours_tcp = make_entry(11, L"winsock-lsp over [TCP]", tcp4, our_chain_guid, {10, 1});
const CatalogEntry ours_udp = make_entry(12, L"winsock-lsp over [UDP]", udp4, our_chain_guid, {10, 2});
const CatalogEntry other = make_entry(20, L"other", tcp4, other_guid, {}, true);
const CatalogEntry other_tcp = make_entry(21, L"other over [TCP]", tcp4, other_chain_guid, {20, 1});

Catalog marked(Catalog catalog) {
    mark_ours(catalog);
    return catalog;
}

}  // namespace

TEST_CASE("the lower provider of a chain, as WSPStartup is given it") {
    const CatalogEntry over_ours = make_entry(22, L"other over ours", tcp4, other_chain_guid, {20, 11, 1});
    const CatalogEntry ours_over_other = make_entry(13, L"ours over other's chain", tcp4, our_chain_guid, {10, 21, 1});
    const CatalogEntry ours_over_layered = make_entry(13, L"ours over other", tcp4, our_chain_guid, {10, 20, 1});
    const CatalogEntry missing_below = make_entry(13, L"ours over what is gone", tcp4, our_chain_guid, {10, 99, 1});
    const CatalogEntry all_missing = make_entry(13, L"ours over nothing", tcp4, our_chain_guid, {10, 99});
    const CatalogEntry ours_twice = make_entry(13, L"ours over ours", tcp4, our_chain_guid, {10, 11, 1});
    const CatalogEntry hidden_gone = make_entry(13, L"our layered entry is gone", tcp4, our_chain_guid, {77, 20, 1});
    const CatalogEntry unrelated = make_entry(23, L"another's chain", tcp4, other_chain_guid, {20, 1});
    CatalogEntry long_chain = ours_tcp;
    long_chain.info.ProtocolChain.ChainLen = 4711;
    CatalogEntry negative = ours_tcp;
    negative.info.ProtocolChain.ChainLen = -5;
    const Infos infos = infos_of({ours_tcp, other_tcp, base1, base2, ours, other});
    const struct {
        const char* what;
        const CatalogEntry& chain;
        DWORD lower, startup;  // 0: the chain itself
    } situations[] = {
        {"over a base provider", ours_tcp, 1, 1},
        {"over another's chain, named by the chain's id", ours_over_other, 21, 21},
        {"over another's layered entry", ours_over_layered, 20, 0},
        {"under another, which names our chain", over_ours, 1, 1},
        {"the entry below is missing: the next one", missing_below, 1, 1},
        {"everything below is missing: the base provider", all_missing, 1, 1},
        {"over ourselves: never", ours_twice, 1, 1},
        {"our layered entry is missing", hidden_gone, 20, 0},
        {"a chain without us: the base provider", unrelated, 1, 1},
        {"a base entry: the base provider", base2, 2, 2},
        {"a length that cannot be", long_chain, 1, 1},
        {"a negative length", negative, 1, 1},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        const auto choice = choose_lower(situation.chain.info, infos);
        REQUIRE(choice);
        CHECK(choice->info.dwCatalogEntryId == situation.lower);
        const DWORD startup = situation.startup != 0 ? situation.startup : situation.chain.info.dwCatalogEntryId;
        CHECK(choice->startup_info.dwCatalogEntryId == startup);
    }
}

TEST_CASE("a chain without anything below has no lower provider") {
    CHECK_FALSE(choose_lower(ours_tcp.info, infos_of({ours, base2})));
    CHECK_FALSE(choose_lower(ours_tcp.info, {}));
}

TEST_CASE("ours are our layered entry, chains on it, and chains left without it") {
    CatalogEntry orphan_by_path = make_entry(31, L"some name", udp4, other_chain_guid, {66, 2});
    orphan_by_path.path = L"C:\\Program Files\\winsock-lsp\\0.1.0\\WINSOCK-LSP.DLL";
    const CatalogEntry orphan_by_name = make_entry(32, L"winsock-lsp over [UDP]", udp4, other_chain_guid, {66, 2});
    const CatalogEntry foreign_orphan = make_entry(33, L"x over [UDP]", udp4, other_chain_guid, {66, 2});
    const CatalogEntry over_ours = make_entry(34, L"other over ours", tcp4, other_chain_guid, {20, 11, 1});
    const Catalog catalog = marked(
        {ours_tcp, ours, base1, base2, other, other_tcp, orphan_by_path, orphan_by_name, foreign_orphan, over_ours});
    for (const CatalogEntry& entry : catalog) {
        const DWORD id = entry.info.dwCatalogEntryId;
        CAPTURE(id);
        CHECK(entry.ours == (id == 10 || id == 11 || id == 31 || id == 32));
    }
    CHECK(dependents(catalog) == std::vector<std::wstring>{L"other over ours"});
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

TEST_CASE("a chain entry copies the lower one, with us on top") {
    const auto over_base = chain_entry(base1.info, 10, L"winsock-lsp");
    REQUIRE(over_base);
    CHECK(chain_ids(*over_base) == Ids{10, 1});
    CHECK(std::wstring(over_base->szProtocol) == L"winsock-lsp over [TCP]");
    CHECK((over_base->dwServiceFlags1 & XP1_IFS_HANDLES) != 0);
    CHECK(over_base->dwProviderFlags == base1.info.dwProviderFlags);
    const auto over_chain = chain_entry(other_tcp.info, 10, L"winsock-lsp");
    REQUIRE(over_chain);
    CHECK(chain_ids(*over_chain) == Ids{10, 20, 1});
    const CatalogEntry full = make_entry(50, L"full", tcp4, other_chain_guid, {1, 2, 3, 4, 5, 6, 7});
    CHECK_FALSE(chain_entry(full.info, 10, L"winsock-lsp"));
    const CatalogEntry almost = make_entry(50, L"almost", tcp4, other_chain_guid, {1, 2, 3, 4, 5, 6});
    CHECK(chain_entry(almost.info, 10, L"winsock-lsp"));
    const auto cut = chain_entry(base1.info, 10, std::wstring(300, L'n'));
    REQUIRE(cut);
    CHECK(std::wstring(cut->szProtocol).size() == WSAPROTOCOL_LEN);
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
