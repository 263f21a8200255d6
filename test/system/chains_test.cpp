#include <doctest/doctest.h>

#include "sample_catalog.hpp"
#include "support.hpp"

using namespace lsp::system;
using namespace sample;

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
        CHECK(choice->info->dwCatalogEntryId == situation.lower);
        const DWORD startup = situation.startup != 0 ? situation.startup : situation.chain.info.dwCatalogEntryId;
        CHECK(choice->startup_info->dwCatalogEntryId == startup);
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
}
