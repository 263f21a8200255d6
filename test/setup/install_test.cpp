// Install and remove over the test Winsock's catalog.
#include <map>

#include "../system/children.hpp"
#include "fresh_catalog.hpp"
#include "system/text.hpp"

TEST_SUITE("test winsock") {
    TEST_CASE_FIXTURE(FreshCatalog, "made anew, and upgraded, ours keep their name and what was chosen") {
        InstallOptions what = options();
        what.name = L"winsock-lsp of ours";
        what.over = Over{true, false, false, {}};
        const InstallReport first = install_well(what);
        what = options();
        CHECK_FALSE(install_well(what).changed);
        SUBCASE("made anew") { what.anew = true; }
        SUBCASE("upgraded") { what.dll = write_temporary(L"later.dll", bytes_of(fake_provider_path())); }
        const InstallReport second = install_well(what);
        CHECK(second.changed);
        CHECK(second.entries != first.entries);
        CHECK(second.entries.size() == 3);
        for (const CatalogEntry& entry : entries()) {
            if (entry.ours) CHECK(std::wstring(entry.info.szProtocol).starts_with(L"winsock-lsp of ours"));
        }
        CHECK(remembered_over() == Over{true, false, false, {}});
    }

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
        CHECK(again.backup.empty());
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
        // What it took out can be had back.
        const std::vector<unsigned char> backup = bytes_of(report->backup);
        CHECK(contains(std::string(backup.begin(), backup.end()), "winsock-lsp over ["));
        const auto again = remove_provider();
        REQUIRE_MESSAGE(again, message_of(again));
        CHECK_FALSE(again->changed);
        CHECK(again->backup.empty());
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

    TEST_CASE_FIXTURE(FreshCatalog, "install over some protocols: those only, and nothing is missing then") {
        InstallOptions some = options();
        some.over = parse_over(L"tcp,raw");
        CHECK(install_well(some).entries.size() == 5);
        CHECK(*is_installed());
        for (const CatalogEntry& entry : entries()) {
            if (entry.ours) CHECK(entry.info.iSocketType != SOCK_DGRAM);
        }
        SUBCASE("installing again without a choice keeps it") {
            CHECK_FALSE(install_well(options()).changed);
            CHECK(count_ours() == 5);
        }
        SUBCASE("installing again repairs that and no more") {
            deinstall(native_architecture, entries().front().info.ProviderId);
            CHECK_FALSE(*is_installed());
            CHECK(install_well(options()).changed);
            CHECK(count_ours() == 5);
            CHECK(*is_installed());
        }
        SUBCASE("another choice replaces it") {
            some.over = parse_over(L"udp");
            CHECK(install_well(some).changed);
            CHECK(count_ours() == 3);
            CHECK(*is_installed());
            some.over = Over{};
            CHECK(install_well(some).changed);
            CHECK(count_ours() == 7);
            CHECK_FALSE(remembered_over());
        }
        SUBCASE("after it was removed the choice is forgotten") {
            CHECK(remove_provider()->changed);
            CHECK_FALSE(remembered_over());
            install_well(options());
            CHECK(count_ours() == 7);
        }
        SUBCASE("a choice that outlived its removal is forgotten by the next one") {
            CHECK(remove_provider()->changed);
            REQUIRE(remember_over(*parse_over(L"udp")));
            CHECK_FALSE(remove_provider()->changed);
            CHECK_FALSE(remembered_over());
        }
    }

    TEST_CASE_FIXTURE(FreshCatalog, "install over an entry of one's choice, whatever stands on it") {
        add_other({base_tcp()});
        InstallOptions chosen = options();
        chosen.over = Over{false, true, false, {base_tcp()}};
        CHECK(install_well(chosen).entries.size() == 4);
        CHECK(*is_installed());
        const CatalogEntry first = entries().front();
        CHECK(first.ours);
        CHECK(chain_ids(first.info).back() == base_tcp());
        CHECK(chain_ids(first.info).size() == 2);
        CHECK_FALSE(install_well(chosen).changed);
        // On top of everything, as without a choice, is something else.
        chosen.over = parse_over(L"tcp,udp");
        CHECK(install_well(chosen).changed);
        CHECK(chain_ids(entries().front().info).size() == 3);
    }

    TEST_CASE_FIXTURE(FreshCatalog, "an entry that cannot be stood on is refused with the reason") {
        const DWORD chain = add_other({base_tcp()});
        const Catalog with_other = entries();
        const auto layered = std::find_if(with_other.begin(), with_other.end(),
                                          [](const CatalogEntry& entry) { return entry.is_layered(); });
        REQUIRE(layered != with_other.end());
        const struct {
            std::vector<DWORD> ids;
            const char *code, *reason;
        } situations[] = {
            {{4711}, "ERR_UNKNOWN_ENTRY", "no such entry"},
            {{layered->info.dwCatalogEntryId}, "ERR_INVALID_CHOICE", "hidden entry"},
            {{chain, base_tcp()}, "ERR_INVALID_CHOICE", "same protocol"},
        };
        for (const auto& situation : situations) {
            InstallOptions refused = options();
            refused.over = Over{false, false, false, situation.ids};
            const auto report = install_provider(refused);
            CHECK(code_of(report) == situation.code);
            CHECK(contains(message_of(report), situation.reason));
        }
        install_well(options());
        InstallOptions refused = options();
        refused.over = Over{false, false, false, {ids().front()}};
        CHECK(contains(message_of(install_provider(refused)), "our own"));
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

    TEST_CASE_FIXTURE(FreshCatalog, "install where only the order is wrong: the entries stay, with their ids") {
        const bool two = architectures().size() > 1;
        const InstallOptions installed = two ? both() : options();
        install_well(installed);
        std::map<Architecture, std::vector<DWORD>> before;
        for (const Architecture architecture : architectures()) before[architecture] = ids(architecture);
        for (const Architecture architecture : architectures()) {
            std::vector<DWORD> order = before[architecture];
            std::rotate(order.begin(), order.begin() + 6, order.end());
            REQUIRE(write_order(architecture, order) == 0);
            const auto plan = plan_install(installed);
            REQUIRE_MESSAGE(plan, message_of(plan));
            CHECK(plan->changes());
            CHECK(install_well(installed).changed);
            for (const Architecture each : architectures()) {
                CHECK(std::equal(before[each].begin(), before[each].begin() + 6, ids(each).begin()));
                CHECK(ids(each).size() == before[each].size());
            }
            CHECK_FALSE(install_well(installed).changed);
        }
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

    TEST_CASE_FIXTURE(FreshCatalog, "what cannot be is found before anything is changed") {
        const DWORD tcp = base_tcp();
        InstallOptions impossible = options();
        std::string code;
        SUBCASE("a chain that would be too long, where nothing was installed") {
            add_other({tcp, tcp, tcp, tcp, tcp, tcp});  // as long as a chain can be
            code = "ERR_CHAIN_TOO_LONG";
        }
        SUBCASE("a chain that would be too long, where ours was installed") {
            install_well(options());
            add_other({tcp, tcp, tcp, tcp, tcp, tcp});
            code = "ERR_CHAIN_TOO_LONG";
        }
        SUBCASE("an entry that does not exist") {
            impossible.over = parse_over(L"4711");
            code = "ERR_UNKNOWN_ENTRY";
        }
        const Catalog before = entries();
        CHECK(code_of(install_provider(impossible)) == code);
        CHECK(code_of(plan_install(impossible)) == code);
        check_same(entries(), before);
        CHECK_FALSE(remembered_over());
    }

    TEST_CASE_FIXTURE(FreshCatalog, "a failed step puts the catalog back") {
        if (native_architecture == Architecture::ia32) return;
        // WSCInstallProviderAndChains64_32 takes no name that an entry has, and that is after ours were taken out.
        InstallOptions failing = both();
        failing.name = L"other";
        SUBCASE("where nothing was installed") { add_other({base_tcp()}); }
        SUBCASE("where ours was installed, under the same provider ids") {
            install_well(options());
            add_other({base_tcp()});
        }
        SUBCASE("where ours was installed over some protocols, which stay remembered") {
            InstallOptions some = options();
            some.over = parse_over(L"tcp,raw");
            install_well(some);
            add_other({base_tcp()});
        }
        const auto remembered = remembered_over();
        failing.over = parse_over(L"udp");
        const Catalog before = entries(), before32 = entries(Architecture::ia32);
        const auto report = install_provider(failing);
        CHECK(code_of(report) == "WSAEINVAL");
        CHECK(contains(message_of(report), "as it was before"));
        CHECK(contains(message_of(report), "backup"));
        check_same(entries(), before);
        check_same(entries(Architecture::ia32), before32);
        CHECK(remembered_over() == remembered);
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

    TEST_CASE_FIXTURE(FreshCatalog, "over some protocols in both catalogs") {
        if (native_architecture == Architecture::ia32) return;
        InstallOptions some = both();
        some.over = parse_over(L"udp");
        CHECK(install_well(some).changed);
        CHECK(count_ours() == 3);
        CHECK(count_ours(Architecture::ia32) == 3);
        CHECK(*is_installed());
        CHECK_FALSE(install_well(both()).changed);
        // The call that installs into both takes the topmost entries only.
        add_other({base_tcp()});
        some.over = Over{false, false, false, {base_tcp()}};
        CHECK(code_of(install_provider(some)) == "ERR_INVALID_CHOICE");
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
