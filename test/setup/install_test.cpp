// Install and remove over the test Winsock's catalog.
#include <doctest/doctest.h>

#include <algorithm>

#include "../system/catalog_support.hpp"
#include "../system/children.hpp"
#include "../system/support.hpp"
#include "setup/catalog_changes.hpp"
#include "setup/catalog_plan.hpp"
#include "system/catalog_functions.hpp"
#include "system/text.hpp"

using namespace lsp::setup;

namespace {

// A catalog with nothing but base providers, before and after.
struct FreshCatalog {
    FreshCatalog() { reset(); }
    ~FreshCatalog() { reset(); }

    static std::vector<Architecture> architectures() {
        std::vector<Architecture> result = {native_architecture};
        if (native_architecture == Architecture::x64 && has_catalog(Architecture::ia32))
            result.push_back(Architecture::ia32);
        return result;
    }
    static void reset() {
        for (const Architecture architecture : architectures()) {
            for (const CatalogEntry& entry : entries(architecture)) {
                if (!entry.is_base()) deinstall(architecture, entry.info.ProviderId);
            }
            std::vector<DWORD> order = order_of(entries(architecture));
            std::sort(order.begin(), order.end());
            write_order(architecture, order);
        }
    }
    static Catalog entries(Architecture architecture = native_architecture) {
        auto catalog = enumerate_catalog(architecture);
        REQUIRE_MESSAGE(catalog, message_of(catalog));
        return std::move(*catalog);
    }
    static std::vector<DWORD> ids(Architecture architecture = native_architecture) {
        return order_of(entries(architecture));
    }
    static std::size_t count_ours(Architecture architecture = native_architecture) {
        const Catalog catalog = entries(architecture);
        return static_cast<std::size_t>(
            std::count_if(catalog.begin(), catalog.end(), [](const CatalogEntry& entry) { return entry.ours; }));
    }

    static InstallOptions options() {
        InstallOptions result;
        result.dll = fake_provider_path();
        return result;
    }
    static InstallOptions both() {
        InstallOptions result = options();
        result.dll32 = write_temporary(L"fake32.dll", provider_for_machine(IMAGE_FILE_MACHINE_I386));
        return result;
    }
    static InstallReport install_well(const InstallOptions& what) {
        auto report = install_provider(what);
        REQUIRE_MESSAGE(report, message_of(report));
        return *report;
    }

    // Another layered provider: a chain for TCP of these ids below its own, put first. Gives the chain's id.
    static DWORD add_other(std::vector<DWORD> below) {
        REQUIRE(install(other_guid, L"C:\\other.dll", {make_entry(0, L"other", tcp4, other_guid, {}, true).info}) == 0);
        const DWORD layered = entries().back().info.dwCatalogEntryId;
        below.insert(below.begin(), layered);
        REQUIRE(install(other_chain_guid, L"C:\\other.dll",
                        {make_entry(0, L"other over TCP", tcp4, other_chain_guid, below).info}) == 0);
        std::vector<DWORD> order = ids();
        std::rotate(order.begin(), order.end() - 1, order.end());
        REQUIRE(write_order(native_architecture, order) == 0);
        return order.front();
    }
    static DWORD base_tcp() {
        for (const CatalogEntry& entry : entries()) {
            if (entry.is_base() && entry.info.iAddressFamily == AF_INET && entry.info.iSocketType == SOCK_STREAM) {
                return entry.info.dwCatalogEntryId;
            }
        }
        return 0;
    }
};

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE_FIXTURE(FreshCatalog,
                      "install: over TCP, UDP and RAW of both families, first in the catalog, each with its own id") {
        const std::vector<DWORD> before = ids();
        const InstallReport report = install_well(options());
        CHECK(report.changed);
        CHECK(report.path == fake_provider_path());
        CHECK(report.entries.size() == 7);
        CHECK(*is_installed());
        const Catalog catalog = entries();
        REQUIRE(catalog.size() == before.size() + 7);
        std::vector<GUID> guids;
        for (std::size_t i = 0; i < 6; ++i) {
            const CatalogEntry& entry = catalog[i];
            CHECK(entry.ours);
            CHECK(entry.is_chain());
            CHECK(entry.path == fake_provider_path());
            CHECK((entry.info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0);
            for (const GUID& guid : guids) CHECK_FALSE(InlineIsEqualGUID(guid, entry.info.ProviderId));
            guids.push_back(entry.info.ProviderId);
            const auto lower = lower_provider(entry.info);
            REQUIRE_MESSAGE(lower, message_of(lower));
            CHECK(lower->info.ProtocolChain.ChainLen == BASE_PROTOCOL);
            CHECK(same_protocol(lower->info, entry.info));
            CHECK(lower->path.find(L'%') == std::wstring::npos);
        }
        const std::vector<DWORD> after = order_of(catalog);
        CHECK(std::vector<DWORD>(after.begin() + 6, after.end() - 1) == before);
        CHECK(catalog.back().is_layered());
        CHECK((catalog.back().info.dwProviderFlags & PFL_HIDDEN) != 0);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "install again: nothing changes, not one id") {
        install_well(options());
        const std::vector<DWORD> before = ids();
        const InstallReport again = install_well(options());
        CHECK_FALSE(again.changed);
        CHECK(again.entries.size() == 7);
        CHECK(ids() == before);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "remove: the catalog is as it was, and removing again changes nothing") {
        const std::vector<DWORD> before = ids();
        const InstallReport installed = install_well(options());
        const auto report = remove_provider();
        REQUIRE_MESSAGE(report, message_of(report));
        CHECK(report->changed);
        std::vector<DWORD> removed = report->entries, added = installed.entries;
        std::sort(removed.begin(), removed.end());
        std::sort(added.begin(), added.end());
        CHECK(removed == added);
        CHECK(ids() == before);
        CHECK_FALSE(*is_installed());
        CHECK_FALSE(remove_provider()->changed);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "install with another path replaces, it does not double") {
        install_well(options());
        InstallOptions moved = options();
        moved.dll = write_temporary(L"moved.dll", bytes_of(fake_provider_path()));
        CHECK(install_well(moved).changed);
        CHECK(count_ours() == 7);
        for (const CatalogEntry& entry : entries()) {
            if (entry.ours) CHECK(entry.path == moved.dll);
        }
    }

    TEST_CASE_FIXTURE(FreshCatalog, "install repairs what is incomplete") {
        install_well(options());
        SUBCASE("a chain is missing") { deinstall(native_architecture, entries().front().info.ProviderId); }
        SUBCASE("the layered entry is missing") { deinstall(native_architecture, provider_guid); }
        SUBCASE("the order was changed") {
            std::vector<DWORD> order = ids();
            std::reverse(order.begin(), order.end());
            write_order(native_architecture, order);
        }
        CHECK_FALSE(*is_installed());
        CHECK(install_well(options()).changed);
        CHECK(*is_installed());
        CHECK(count_ours() == 7);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "remove takes leftovers out") {
        install_well(options());
        SUBCASE("chains without the layered entry") {
            // Known by name and path only.
            deinstall(native_architecture, provider_guid);
        }
        SUBCASE("the layered entry alone") {
            for (const CatalogEntry& entry : entries()) {
                if (entry.ours && entry.is_chain()) deinstall(native_architecture, entry.info.ProviderId);
            }
        }
        CHECK(remove_provider()->changed);
        CHECK(count_ours() == 0);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "install over another layered provider stands on its chain") {
        const DWORD chain = add_other({base_tcp()});
        install_well(options());
        const Catalog catalog = entries();
        const auto ours = std::find_if(catalog.begin(), catalog.end(), [](const CatalogEntry& entry) {
            return entry.ours && entry.is_chain() && entry.info.iAddressFamily == AF_INET &&
                   entry.info.iSocketType == SOCK_STREAM;
        });
        REQUIRE(ours != catalog.end());
        CHECK(chain_ids(ours->info).size() == 3);
        const auto lower = lower_provider(ours->info);
        REQUIRE(lower);
        CHECK(lower->path == L"C:\\other.dll");
        CHECK(lower->startup_info.dwCatalogEntryId == chain);  // that LSP finds itself at its top
        CHECK(remove_provider()->changed);
        CHECK(ids().front() == chain);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "under another layered provider: unchanged, and not removable until that is gone") {
        install_well(options());
        const DWORD our_chain = ids().front();
        add_other({our_chain, base_tcp()});
        CHECK_FALSE(install_well(options()).changed);
        const std::vector<DWORD> before = ids();
        const auto removed = remove_provider();
        CHECK(code_of(removed) == "ERR_OTHERS_DEPEND");
        CHECK(contains(message_of(removed), "other over TCP"));
        InstallOptions moved = options();
        moved.dll = write_temporary(L"moved.dll", bytes_of(fake_provider_path()));
        CHECK(code_of(install_provider(moved)) == "ERR_OTHERS_DEPEND");
        CHECK(ids() == before);
        // Called through that chain, we still find what we stand on.
        const auto lower = lower_provider(entries().front().info);
        REQUIRE(lower);
        CHECK(lower->info.dwCatalogEntryId == base_tcp());
    }

    TEST_CASE_FIXTURE(FreshCatalog, "a failed step puts the catalog back") {
        const DWORD tcp = base_tcp();
        SUBCASE("where nothing was installed") {
            add_other({tcp, tcp, tcp, tcp, tcp, tcp});  // as long as a chain can be
            const std::vector<DWORD> before = ids();
            const auto report = install_provider(options());
            CHECK(code_of(report) == "ERR_CHAIN_TOO_LONG");
            CHECK(contains(message_of(report), "as it was before"));
            CHECK(contains(message_of(report), "backup"));
            CHECK(ids() == before);
        }
        SUBCASE("where ours was installed, under the same provider ids") {
            install_well(options());
            add_other({tcp, tcp, tcp, tcp, tcp, tcp});
            const Catalog before = entries();
            const auto report = install_provider(options());
            CHECK(code_of(report) == "ERR_CHAIN_TOO_LONG");
            CHECK(contains(message_of(report), "as it was before"));
            const Catalog after = entries();
            REQUIRE(after.size() == before.size());
            for (std::size_t i = 0; i < after.size(); ++i) {
                CHECK(InlineIsEqualGUID(after[i].info.ProviderId, before[i].info.ProviderId));
                CHECK(after[i].ours == before[i].ours);
                CHECK(after[i].path == before[i].path);
                CHECK(std::wstring(after[i].info.szProtocol) == before[i].info.szProtocol);
            }
        }
    }

    TEST_CASE_FIXTURE(FreshCatalog, "both catalogs in one go, and out of both") {
        if (native_architecture == Architecture::ia32) return;
        const std::vector<DWORD> before = ids(), before32 = ids(Architecture::ia32);
        CHECK(install_well(both()).changed);
        CHECK(*is_installed());
        CHECK(count_ours() == 7);
        CHECK(count_ours(Architecture::ia32) == 7);
        for (const CatalogEntry& entry : entries(Architecture::ia32)) {
            if (entry.ours) CHECK(entry.path == both().dll32);
        }
        for (const CatalogEntry& entry : entries()) {
            if (!entry.ours || !entry.is_chain()) continue;
            const auto lower = lower_provider(entry.info);
            REQUIRE(lower);
            CHECK(lower->info.ProtocolChain.ChainLen == BASE_PROTOCOL);
        }
        CHECK_FALSE(install_well(both()).changed);
        CHECK(remove_provider()->changed);
        CHECK(ids() == before);
        CHECK(ids(Architecture::ia32) == before32);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "a 32-bit DLL of the wrong architecture changes neither catalog") {
        if (native_architecture == Architecture::ia32) return;
        const std::vector<DWORD> before = ids();
        InstallOptions wrong = options();
        wrong.dll32 = fake_provider_path();
        CHECK(code_of(install_provider(wrong)) == "ERR_WRONG_ARCHITECTURE");
        CHECK(ids() == before);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "two installations at once leave one") {
        const std::wstring command = L"child-install \"" + fake_provider_path() + L"\"";
        Child first(command), second(command), third(command);
        CHECK(first.wait() == 0);
        CHECK(second.wait() == 0);
        CHECK(third.wait() == 0);
        CHECK(count_ours() == 7);
        CHECK(*is_installed());
    }

    TEST_CASE_FIXTURE(FreshCatalog,
                      "killed at any moment, it leaves working base providers, and the next installation repairs") {
        const std::vector<DWORD> before = ids();
        for (int round = 0; round < 12; ++round) {
            CAPTURE(round);
            {
                Child child(L"child-install-forever \"" + fake_provider_path() + L"\"");
                Sleep(static_cast<DWORD>(150 + 37 * round));
            }
            const Catalog catalog = entries();
            const Infos infos = infos_of(catalog);
            for (const DWORD id : before) CHECK(find_entry(infos, id) != nullptr);
            for (const CatalogEntry& entry : catalog) {
                for (const DWORD id : chain_ids(entry.info))
                    CHECK((!entry.is_chain() || find_entry(infos, id) != nullptr));
            }
            if (round % 2 == 0) {
                install_well(options());
                CHECK(count_ours() == 7);
                CHECK(*is_installed());
            } else {
                const auto removed = remove_provider();
                CHECK(removed);
                CHECK(ids() == before);
            }
        }
    }
}
