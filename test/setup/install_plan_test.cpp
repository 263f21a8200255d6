// What a plan foretells is what installing and removing then do, in every situation of a table.
#include "setup/install_plan.hpp"

#include <functional>
#include <map>
#include <string>

#include "../system/sample_catalog.hpp"
#include "fresh_catalog.hpp"

namespace {

struct Prediction : FreshCatalog {
    using Ids = std::map<DWORD, DWORD>;

    // What the planned ids have become: entries at the same places.
    static Ids given_ids(const CatalogPlan& plan, const Catalog& now) {
        Ids given;
        for (std::size_t i = 0; i < now.size(); ++i) {
            given[plan.after[i].info.dwCatalogEntryId] = now[i].info.dwCatalogEntryId;
        }
        return given;
    }

    static void check_entry(const CatalogEntry& planned, const CatalogEntry& made, const Ids& given) {
        CAPTURE(planned.info.dwCatalogEntryId);
        CHECK(std::wstring(made.info.szProtocol) == planned.info.szProtocol);
        CHECK(made.path == planned.path);
        CHECK(made.ours == planned.ours);
        CHECK(same_protocol(made.info, planned.info));
        CHECK(made.info.ProtocolChain.ChainLen == planned.info.ProtocolChain.ChainLen);
        CHECK(made.info.dwServiceFlags1 == planned.info.dwServiceFlags1);
        CHECK(made.info.dwMessageSize == planned.info.dwMessageSize);
        if (planned.is_chain()) {
            const std::vector<DWORD> ids = chain_ids(made.info), wanted = chain_ids(planned.info);
            REQUIRE(ids.size() == wanted.size());
            for (std::size_t i = 0; i < ids.size(); ++i) {
                const auto became = given.find(wanted[i]);
                // A broken chain that stays as it is names what was not there before either.
                CHECK(ids[i] == (became != given.end() ? became->second : wanted[i]));
            }
        }
        if (!is_planned(planned.info.dwCatalogEntryId))
            CHECK(made.info.dwCatalogEntryId == planned.info.dwCatalogEntryId);
    }

    static void check_catalog(const CatalogPlan& plan, const Catalog& before, const Catalog& now) {
        REQUIRE(now.size() == plan.after.size());
        const Ids given = given_ids(plan, now);
        for (std::size_t i = 0; i < now.size(); ++i) check_entry(plan.after[i], now[i], given);

        const Infos infos = infos_of(now), earlier = infos_of(before);
        for (const CatalogEntry& entry : plan.removed) {
            CHECK(find_entry(earlier, entry.info.dwCatalogEntryId) != nullptr);
            CHECK(find_entry(infos, entry.info.dwCatalogEntryId) == nullptr);
        }
        CHECK(now.size() == before.size() - plan.removed.size() + plan.added.size());
        for (const CatalogEntry& entry : plan.added) CHECK(is_planned(entry.info.dwCatalogEntryId));
        CHECK(plan.fault.empty() == !plan.changes());
        if (!plan.changes()) CHECK(order_of(now) == order_of(before));
    }

    using Do = std::function<Result<bool>()>;  // gives whether anything was changed

    // Of a catalog that the plan does not name it foretells that nothing happens to it.
    static void check_all(const Plan& plan, const Do& act) {
        std::map<Architecture, Catalog> before;
        for (const Architecture architecture : architectures()) before[architecture] = entries(architecture);
        const auto changed = act();
        REQUIRE_MESSAGE(changed, message_of(changed));
        CHECK(*changed == plan.changes());
        for (const Architecture architecture : architectures()) {
            CAPTURE(static_cast<int>(architecture));
            CatalogPlan expected;
            expected.after = before[architecture];
            for (const CatalogPlan& catalog : plan.catalogs) {
                if (catalog.architecture == architecture) expected = catalog;
            }
            check_catalog(expected, before[architecture], entries(architecture));
        }
    }

    static void check_installation(const InstallOptions& what) {
        const auto remembered = remembered_over();
        const std::vector<DWORD> before = ids();
        const auto plan = plan_install(what);
        REQUIRE_MESSAGE(plan, message_of(plan));
        CHECK(ids() == before);
        CHECK(remembered_over() == remembered);
        check_all(*plan, [&]() -> Result<bool> {
            const auto report = install_provider(what);
            if (!report) return report.error();
            return report->changed;
        });
        CHECK(remembered_over().value_or(Over{}) == plan->over);
        CHECK(plan->over_changes == (remembered.value_or(Over{}) != plan->over));
        const auto again = plan_install(what);
        REQUIRE(again);
        CHECK_FALSE(again->changes());
    }

    static void check_removal() {
        const auto plan = plan_remove();
        REQUIRE_MESSAGE(plan, message_of(plan));
        check_all(*plan, []() -> Result<bool> {
            const auto report = remove_provider();
            if (!report) return report.error();
            return report->changed;
        });
        CHECK_FALSE(plan_remove()->changes());
    }
};

InstallOptions with(InstallOptions options, const std::wstring& over) {
    options.over = parse_over(over);
    REQUIRE(options.over);
    return options;
}

void reverse_order() {
    std::vector<DWORD> order = FreshCatalog::ids();
    std::reverse(order.begin(), order.end());
    REQUIRE(write_order(native_architecture, order) == 0);
}

// The situations, each from a fresh catalog.
using Prepare = void();
void bare() {}
void complete() { FreshCatalog::install_well(FreshCatalog::options()); }
void tcp_and_raw() { FreshCatalog::install_well(with(FreshCatalog::options(), L"tcp,raw")); }
void in_both() { FreshCatalog::install_well(FreshCatalog::both()); }
void chain_missing() {
    complete();
    deinstall(native_architecture, FreshCatalog::entries().front().info.ProviderId);
}
void layered_missing() {
    complete();
    deinstall(native_architecture, provider_guid);
}
void layered_missing_32() {
    in_both();
    deinstall(Architecture::ia32, provider_guid);
}
void reversed() {
    complete();
    reverse_order();
}
void other_lsp() { FreshCatalog::add_other({FreshCatalog::base_tcp()}); }
void other_last() {
    other_lsp();
    reverse_order();
}
void above_other() {
    other_lsp();
    complete();
}
void beside_other() {
    complete();
    other_lsp();
}

InstallOptions moved() {
    InstallOptions options = FreshCatalog::options();
    options.dll = write_temporary(L"moved.dll", bytes_of(fake_provider_path()));
    return options;
}
InstallOptions renamed() {
    InstallOptions options = FreshCatalog::options();
    options.name = L"another name";
    return options;
}

}  // namespace

TEST_CASE("what is topmost without IFS handles is not stood on: the call for both catalogs would, the steps do not") {
    Snapshot snapshot;
    snapshot.native = {make_entry(1, L"TCP", tcp4, base_guid), make_entry(2, L"UDP", udp4, base_guid)};
    CatalogEntry layer = make_entry(20, L"other", tcp4, other_guid, {}, true);
    CatalogEntry chain = make_entry(21, L"other over TCP", tcp4, other_chain_guid, {20, 1});
    chain.info.dwServiceFlags1 = 0;
    Catalog with_other = snapshot.native;
    with_other.insert(with_other.begin(), chain);
    with_other.push_back(layer);
    InstallOptions options;
    options.dll = L"C:\\x.dll";
    for (const bool in_native : {true, false}) {
        CAPTURE(in_native);
        Snapshot damaged = snapshot;
        damaged.other = snapshot.native;
        (in_native ? damaged.native : *damaged.other) = with_other;
        options.dll32.clear();
        const auto alone = plan_installation(damaged, options, {});
        REQUIRE_MESSAGE(alone, message_of(alone));
        CHECK(alone->catalogs.front().lowers.front().dwCatalogEntryId == 1);
        options.dll32 = L"C:\\x32.dll";
        const auto both = plan_installation(damaged, options, {});
        CHECK(code_of(both) == "ERR_NON_IFS_PROVIDER");
        CHECK(contains(message_of(both), in_native ? "the 64-bit catalog" : "the 32-bit catalog"));
        CHECK(contains(message_of(both), "entry 21 \"other over TCP\""));
    }
}

TEST_CASE("what is left of another LSP is passed over in one catalog, and refused for both") {
    CatalogEntry chain = make_entry(21, L"other over TCP", tcp4, other_chain_guid, {20, 1});
    const Catalog bare = {sample::base1, sample::base2};
    Catalog leftovers = bare;
    leftovers.insert(leftovers.begin(), chain);
    InstallOptions options;
    options.dll = L"C:\\x.dll";
    for (const bool in_native : {true, false}) {
        CAPTURE(in_native);
        Snapshot damaged;
        damaged.native = in_native ? leftovers : bare;
        damaged.other = in_native ? bare : leftovers;
        options.dll32.clear();
        const auto alone = plan_installation(damaged, options, {});
        REQUIRE_MESSAGE(alone, message_of(alone));
        CHECK(alone->catalogs.front().lowers.front().dwCatalogEntryId == sample::base1.info.dwCatalogEntryId);
        options.dll32 = L"C:\\x32.dll";
        const auto both = plan_installation(damaged, options, {});
        CHECK(code_of(both) == "ERR_BROKEN_CHAIN");
        CHECK(contains(message_of(both), in_native ? "the 64-bit catalog" : "the 32-bit catalog"));
        CHECK(contains(message_of(both), "names entry 20, which does not exist"));
        CHECK(contains(message_of(both), "netsh winsock remove provider 21"));
    }
}

TEST_SUITE("test winsock") {
    TEST_CASE_FIXTURE(Prediction, "a dry run foretells what install does, and changes nothing itself") {
        const std::wstring tcp = std::to_wstring(base_tcp());
        const struct {
            Prepare* prepare;
            std::vector<InstallOptions> options;
        } situations[] = {
            {bare, {options(), with(options(), L"tcp"), with(options(), L"udp," + tcp), both(), with(both(), L"udp")}},
            {complete, {options(), with(options(), L"all"), with(options(), L"udp,raw"), moved(), renamed(), both()}},
            {tcp_and_raw, {options(), with(options(), L"all"), with(options(), tcp)}},
            {in_both, {options(), both(), with(both(), L"raw")}},
            {chain_missing, {options()}},
            {layered_missing, {options()}},
            {layered_missing_32, {options(), both()}},
            {reversed, {options()}},
            {other_lsp, {options(), with(options(), tcp), both()}},
            {other_last, {options()}},
            {above_other, {options(), with(options(), tcp)}},
            {beside_other, {options()}},
        };
        int tried = 0;
        for (const auto& [prepare, all_options] : situations) {
            for (const InstallOptions& each : all_options) {
                CAPTURE(tried);
                reset();
                prepare();
                check_installation(each);
                ++tried;
            }
        }
        MESSAGE("installations foretold: ", tried);
    }

    TEST_CASE_FIXTURE(Prediction, "a dry run foretells what remove does, and changes nothing itself") {
        int tried = 0;
        for (Prepare* const prepare : {bare, tcp_and_raw, in_both, chain_missing, layered_missing_32, above_other}) {
            CAPTURE(tried);
            reset();
            prepare();
            check_removal();
            ++tried;
        }
        MESSAGE("removals foretold: ", tried);
    }

    TEST_CASE_FIXTURE(Prediction, "a dry run fails as the real one would, where that can be foreseen") {
        install_well(options());
        add_other({ids().front(), base_tcp()});
        CHECK(code_of(plan_remove()) == "ERR_OTHERS_DEPEND");
        CHECK(code_of(plan_install(moved())) == "ERR_OTHERS_DEPEND");
        InstallOptions missing = options();
        missing.dll = L"C:\\none\\missing.dll";
        CHECK(code_of(plan_install(missing)) == "ERROR_FILE_NOT_FOUND");
        // The DLL that would be copied there is what counts.
        CHECK(code_of(plan_install(missing, {fake_provider_path(), {}})) == "ERR_OTHERS_DEPEND");
    }
}

TEST_CASE("what is planned is complete when it is judged as a catalog") {
    using namespace sample;
    Snapshot snapshot;
    snapshot.native = marked({other_tcp, base1, base2, other});
    InstallOptions options;
    options.dll = L"C:\\ours.dll";
    for (const wchar_t* over : {L"all", L"tcp", L"udp", L"1", L"21,udp"}) {
        CAPTURE(over);
        options.over = parse_over(over);
        REQUIRE(options.over);
        const auto plan = plan_installation(snapshot, options, std::nullopt);
        REQUIRE_MESSAGE(plan, message_of(plan));
        REQUIRE(plan->catalogs.size() == 1);
        Catalog after = plan->catalogs.front().after;
        CHECK(installation_fault(after, options.dll, *options.over) == "");
        mark_ours(after);
        for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].ours == plan->catalogs.front().after[i].ours);
    }
    options.over = parse_over(L"raw");
    CHECK(code_of(plan_installation(snapshot, options, std::nullopt)) == "ERR_NO_LOWER_PROVIDER");
}
