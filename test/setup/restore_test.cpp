// Restore and order over the test Winsock: random catalogs, backed up, scrambled and put back.
#include <doctest/doctest.h>

#include <algorithm>
#include <cwctype>
#include <random>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "../winsock/control.h"
#include "setup/backup.hpp"
#include "setup/catalog_changes.hpp"
#include "setup/catalog_tools.hpp"
#include "setup/files.hpp"
#include "setup/provider_info.hpp"
#include "system/catalog_functions.hpp"
#include "system/guid.hpp"
#include "system/text.hpp"
#include "told_file_system.hpp"

// After windows.h, which it needs and does not include.
#include <sporder.h>

using namespace lsp::setup;

namespace {

constexpr wchar_t parameters[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\";
constexpr Architecture architectures[] = {Architecture::x64, Architecture::ia32};

// The catalogs of a fresh Windows, before and after; the test Winsock makes them anew.
struct FreshCatalogs {
    FreshCatalogs() { wipe(); }
    ~FreshCatalogs() { wipe(); }
    static void wipe() {
        for (const wchar_t* name : {L"Protocol_Catalog9", L"Protocol_Catalog9_Pending", L"NameSpace_Catalog5"}) {
            RegDeleteTreeW(HKEY_LOCAL_MACHINE, (std::wstring(parameters) + name).c_str());
        }
    }
};

Catalog read(Architecture architecture) {
    auto catalog = enumerate_catalog(architecture);
    REQUIRE_MESSAGE(catalog, message_of(catalog));
    return std::move(*catalog);
}

std::vector<BackedUpCatalog> back_up() {
    std::vector<BackedUpCatalog> backup;
    for (const Architecture architecture : architectures) {
        const Catalog catalog = read(architecture);
        CatalogDump dump{architecture, &catalog};
        complete(dump);
        backup.push_back({architecture, catalog, dump.categories, dump.namespaces});
    }
    return backup;
}

// All that a backup is to bring back, with places instead of ids.
std::vector<std::string> canonical(const std::vector<BackedUpCatalog>& catalogs) {
    std::vector<std::string> lines;
    for (const BackedUpCatalog& catalog : catalogs) {
        for (std::size_t i = 0; i < catalog.entries.size(); ++i) {
            CatalogEntry entry = catalog.entries[i];
            std::string chain;
            for (const DWORD id : chain_ids(entry.info)) {
                std::size_t place = 0;
                while (place < catalog.entries.size() && catalog.entries[place].info.dwCatalogEntryId != id) ++place;
                if (entry.is_chain()) chain += concat({place, ">"});
            }
            entry.info.dwCatalogEntryId = 0;
            std::fill(std::begin(entry.info.ProtocolChain.ChainEntries),
                      std::end(entry.info.ProtocolChain.ChainEntries), 0);
            const Catalog one = {entry};
            lines.push_back(chain +
                            catalog_json({{catalog.architecture, &one, {catalog.categories[i]}, {}}}, SYSTEMTIME{}));
        }
        for (const NamespaceProvider& provider : *catalog.namespaces) {
            lines.push_back(concat({guid_text(provider.id), provider.name, provider.identifier, provider.path,
                                    provider.name_space, "/", provider.version, provider.active ? "on" : "off"}));
        }
    }
    return lines;
}

constexpr unsigned random_dlls = 50;

// What the random catalogs name: a DLL for each architecture, as each sees its system32.
struct RandomDlls {
    RandomDlls() {
        const std::wstring windows = environment_variable(L"SystemRoot");
        for (const auto& [folder, machine] :
             {std::pair{L"\\system32", IMAGE_FILE_MACHINE_AMD64}, {L"\\SysWOW64", IMAGE_FILE_MACHINE_I386}}) {
            make_folder(windows + folder, nullptr);
            const std::wstring own = windows + folder + L"\\random";
            make_folder(own, nullptr);
            const std::vector<unsigned char> bytes = provider_for_machine(static_cast<unsigned short>(machine));
            for (unsigned i = 0; i < random_dlls; ++i) {
                files_.push_back(own + L"\\" + std::to_wstring(i) + L".dll");
                write_new_file(files_.back(), bytes.data(), bytes.size());
            }
        }
    }
    ~RandomDlls() {
        for (const std::wstring& file : files_) DeleteFileW(file.c_str());
    }

  private:
    std::vector<std::wstring> files_;
};

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }  // not a distribution: those differ by library
    bool chance(unsigned percent) { return below(100) < percent; }
    GUID guid() {
        GUID id{};
        id.Data1 = engine_();
        id.Data2 = static_cast<unsigned short>(engine_());
        for (unsigned char& byte : id.Data4) byte = static_cast<unsigned char>(engine_());
        return id;
    }
    std::wstring name(const wchar_t* start) {
        static constexpr const wchar_t* tails[] = {L"",      L" \"quoted\"", L" \\ back", L" ünï",
                                                   L" 日本", L"\t tab",      L" [x]"};
        return start + std::to_wstring(below(1000)) + tails[below(std::size(tails))];
    }
    std::wstring path() { return L"%SystemRoot%\\system32\\random\\" + std::to_wstring(below(random_dlls)) + L".dll"; }
    template <typename T>
    void shuffle(std::vector<T>& list) {
        for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
    }

  private:
    std::mt19937 engine_;
};

enum class Where { native, both, other };

int put(Where where, const GUID& guid, const std::wstring& path, const std::vector<WSAPROTOCOL_INFOW>& infos) {
    if (where == Where::native) return install(guid, path, infos);
    const int error = install_in_both(guid, path, infos);
    return error != 0 || where == Where::both ? error : deinstall(native_architecture, guid);
}

WSAPROTOCOL_INFOW random_chain(Random& random, DWORD top, const CatalogEntry& below) {
    CatalogEntry entry = below;
    std::vector<DWORD> ids = {top, below.info.dwCatalogEntryId};
    for (const DWORD id : chain_ids(below.info)) {
        if (below.is_chain() && ids.size() < 6 && id != below.info.dwCatalogEntryId) ids.push_back(id);
    }
    entry.info.ProtocolChain.ChainLen = static_cast<int>(ids.size());
    std::copy(ids.begin(), ids.end(), entry.info.ProtocolChain.ChainEntries);
    const std::wstring name = random.name(L"chain ");
    entry.info.szProtocol[name.copy(entry.info.szProtocol, WSAPROTOCOL_LEN)] = L'\0';
    return entry.info;
}

void shuffle_order(Random& random, Architecture architecture) {
    std::vector<DWORD> order = order_of(read(architecture));
    random.shuffle(order);
    if (!order.empty()) REQUIRE(write_order(architecture, order) == 0);
}

void generate(Random& random) {
    for (std::size_t providers = random.below(4); providers > 0; --providers) {
        const Where where = static_cast<Where>(random.below(3));
        const Architecture seen = where == Where::other ? Architecture::ia32 : native_architecture;
        const GUID guid = random.guid();
        const std::wstring path = random.path();
        if (random.chance(20)) {  // another base provider
            WSAPROTOCOL_INFOW info = make_entry(0, random.name(L"base ").c_str(), {33, 1, 1}, guid).info;
            REQUIRE(put(where, guid, path, {info, info}) == 0);
            continue;
        }
        WSAPROTOCOL_INFOW hidden = make_entry(0, random.name(L"layer ").c_str(), tcp4, guid, {}, true).info;
        hidden.dwProviderFlags = static_cast<DWORD>(random.below(64));
        REQUIRE(put(where, guid, path, {hidden}) == 0);
        // Chains of one catalog: the ids differ between the two.
        const Catalog catalog = read(seen);
        const DWORD top = catalog.back().info.dwCatalogEntryId;
        if (where != Where::native && random.chance(50))
            set_lsp_categories(Architecture::ia32, guid, 1u << random.below(8));
        if (where != Where::other && random.chance(50)) set_lsp_categories(native_architecture, guid, 3);
        std::vector<WSAPROTOCOL_INFOW> chains;
        for (const CatalogEntry& entry : catalog) {
            if (!entry.is_layered() && chain_ids(entry.info).size() < 5 && random.chance(40))
                chains.push_back(random_chain(random, top, entry));
        }
        const bool together = random.chance(30);
        for (const WSAPROTOCOL_INFOW& chain : chains) {
            if (!together)
                REQUIRE(put(where == Where::both ? Where::native : where, random.guid(), path, {chain}) == 0);
        }
        if (together && !chains.empty())
            REQUIRE(put(where == Where::both ? Where::native : where, random.guid(), path, chains) == 0);
    }
    for (const Architecture architecture : architectures) shuffle_order(random, architecture);
}

void generate_namespaces(Random& random) {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    std::wstring name = random.name(L"names "), path = random.path();
    GUID guid = random.guid();
    if (random.chance(60)) WSCInstallNameSpace(name.data(), path.data(), NS_DNS, 3, &guid);
#ifdef _WIN64  // where there are two catalogs
    if (random.chance(60)) WSCInstallNameSpace32(name.data(), path.data(), NS_NLA, 4, &guid);
#endif
    auto list = *enumerate_namespaces(native_architecture);
    for (NamespaceProvider& provider : list) {
        if (random.chance(20)) WSCEnableNSProvider(&provider.id, FALSE);
#ifdef _WIN64
        if (random.chance(10)) WSCUnInstallNameSpace32(&provider.id);
#endif
    }
    std::vector<GUID> order;
    for (const NamespaceProvider& provider : list) order.push_back(provider.id);
    random.shuffle(order);
    if (random.chance(60)) WSCWriteNameSpaceOrder(order.data(), static_cast<DWORD>(order.size()));
    WSACleanup();
}

// What the 32-bit catalog cannot get back without harm to the 64-bit one is not taken out of it alone.
void scramble(Random& random) {
    if (random.chance(15)) FreshCatalogs::wipe();
    for (const Architecture architecture : architectures) {
        const Catalog catalog = read(architecture);
        for (const CatalogEntry& entry : catalog) {
            const GUID& guid = entry.info.ProviderId;
            if (random.chance(25) && (!entry.is_base() || architecture == native_architecture)) {
                if (deinstall(architecture, guid) != 0) continue;
                if (entry.is_base() && random.chance(50)) deinstall(Architecture::ia32, guid);
            } else if (random.chance(15)) {
                std::vector<WSAPROTOCOL_INFOW> infos;
                for (const CatalogEntry& each : catalog) {
                    if (!same_guid(each.info.ProviderId, guid)) continue;
                    infos.push_back(each.info);
                    infos.back().dwServiceFlags1 ^= 1u << random.below(20);
                    if (each.is_chain()) infos.back().ProtocolChain.ChainEntries[0] ^= 1;
                }
                update(architecture, guid, random.path(), infos);
            }
        }
        if (random.chance(50)) shuffle_order(random, architecture);
    }
    generate_namespaces(random);
}

// What a dry run cannot know.
std::vector<std::string> without_ids(std::vector<std::string> steps) {
    for (std::string& step : steps) step = step.substr(0, step.find("into the order"));
    return steps;
}

BackedUpCatalog& native_of(std::vector<BackedUpCatalog>& backup) { return backup[0]; }

// Another provider's layered entry and its chain over TCP, in the native catalog.
void add_layer(const std::wstring& path = fake_provider_path()) {
    REQUIRE(install(other_guid, path, {make_entry(0, L"other", tcp4, other_guid, {}, true).info}) == 0);
    const Catalog catalog = read(native_architecture);
    REQUIRE(install(other_chain_guid, path,
                    {make_entry(0, L"other over TCP", tcp4, other_chain_guid,
                                {catalog.back().info.dwCatalogEntryId, catalog.front().info.dwCatalogEntryId})
                         .info}) == 0);
}

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE_FIXTURE(FreshCatalogs, "a restore that fails at a step puts everything back") {
        add_layer();
        std::vector<BackedUpCatalog> backup = back_up();
        // Each is done after others were.
        SUBCASE("a transport provider that cannot be installed") {
            CatalogEntry bad = make_entry(500, L"bad", tcp4, {0x55555555, 5, 5, {}});
            bad.path = std::wstring(300, L'x');
            native_of(backup).entries.push_back(bad);
            native_of(backup).categories.push_back({});
        }
        SUBCASE("a namespace provider that cannot be installed") {
            NamespaceProvider bad;
            bad.id = other_guid;
            bad.name = L"bad";
            bad.path = std::wstring(300, L'x');
            native_of(backup).namespaces->push_back(bad);
        }
        deinstall(native_architecture, other_guid);
        deinstall(native_architecture, native_of(backup).entries[0].info.ProviderId);
        std::vector<DWORD> order = order_of(read(Architecture::ia32));
        std::reverse(order.begin(), order.end());
        REQUIRE(write_order(Architecture::ia32, order) == 0);
        const std::vector<std::string> before = canonical(back_up());
        const auto report = restore_catalogs(backup, {});
        CHECK(code_of(report) == "WSAEINVAL");
        CHECK(contains(message_of(report), "The catalogs are as they were before."));
        CHECK(canonical(back_up()) == before);
    }

    TEST_CASE_FIXTURE(FreshCatalogs,
                      "a base provider missing from the 32-bit catalog alone is told, and the rest restored") {
        add_layer();
        const std::vector<BackedUpCatalog> backup = back_up();
        const std::vector<std::string> native = canonical({backup[0]});
        deinstall(Architecture::ia32, backup[1].entries[0].info.ProviderId);
        deinstall(native_architecture, other_guid);
        const auto report = restore_catalogs(backup, {});
        REQUIRE_MESSAGE(report, message_of(report));
        REQUIRE(report->notes.size() == 1);
        CHECK(contains(report->notes[0], "32-bit Node"));
        CHECK(canonical({back_up()[0]}) == native);
    }

    TEST_CASE_FIXTURE(FreshCatalogs,
                      "a backup that names a DLL which was deleted since does not take the network away") {
        const std::wstring dll = write_temporary(L"deleted.dll", bytes_of(fake_provider_path()));
        const auto restore = [](const std::vector<BackedUpCatalog>& backup, bool dry) {
            RestoreOptions options;
            options.dry_run = dry;
            auto report = restore_catalogs(backup, options);
            REQUIRE_MESSAGE(report, message_of(report));
            REQUIRE_FALSE(report->notes.empty());
            CHECK(contains(report->notes[0], "deleted.dll does not exist"));
            return *report;
        };
        SUBCASE("another LSP's, which was uninstalled") {
            const std::vector<std::string> bare = canonical(back_up());
            add_layer(dll);
            const std::vector<BackedUpCatalog> backup = back_up();
            deinstall(native_architecture, other_chain_guid);
            deinstall(native_architecture, other_guid);
            DeleteFileW(dll.c_str());
            CHECK(restore(backup, true).steps.empty());
            CHECK_FALSE(restore(backup, false).changed);
            CHECK(canonical(back_up()) == bare);
        }
        SUBCASE("ours, after an upgrade: the later DLL stays") {
            InstallOptions options;
            options.dll = dll;
            REQUIRE(install_provider(options));
            const std::vector<BackedUpCatalog> backup = back_up();
            options.dll = fake_provider_path();
            REQUIRE(install_provider(options));
            DeleteFileW(dll.c_str());
            restore(backup, false);
            unsigned ours = 0;
            for (const CatalogEntry& entry : read(native_architecture)) {
                if (!entry.ours) continue;
                ++ours;
                CHECK(entry.path == fake_provider_path());
            }
            CHECK(ours == 7);
        }
        SUBCASE("ours, after the removal") {
            const std::vector<std::string> bare = canonical(back_up());
            InstallOptions options;
            options.dll = dll;
            REQUIRE(install_provider(options));
            const std::vector<BackedUpCatalog> backup = back_up();
            REQUIRE(remove_provider());
            DeleteFileW(dll.c_str());
            restore(backup, false);
            CHECK(canonical(back_up()) == bare);
        }
        SUBCASE("and is in the current catalog still: behind everything") {
            const std::vector<BackedUpCatalog> backup = back_up();
            add_layer(dll);
            std::vector<DWORD> order = order_of(read(native_architecture));
            std::rotate(order.begin(), order.end() - 1, order.end());
            REQUIRE(write_order(native_architecture, order) == 0);
            DeleteFileW(dll.c_str());
            restore(backup, false);
            CHECK(read(native_architecture).front().is_base());
            CHECK(read(native_architecture).size() == backup[0].entries.size() + 2);
        }
    }

    TEST_CASE_FIXTURE(FreshCatalogs,
                      "a namespace provider that differs is out between two calls only, that of DNS last") {
        std::vector<BackedUpCatalog> backup = back_up();
        RestoreOptions dry;
        dry.dry_run = true;
        const auto steps = [&] {
            const auto report = restore_catalogs(backup, dry);
            REQUIRE_MESSAGE(report, message_of(report));
            return report->steps;
        };
        for (NamespaceProvider& provider : *native_of(backup).namespaces) {
            for (wchar_t& c : provider.path) c = static_cast<wchar_t>(std::towupper(c));
        }
        CHECK(steps().empty());
        std::size_t changed = 0;
        for (NamespaceProvider& provider : *native_of(backup).namespaces) {
            provider.version += 1;
            ++changed;
        }
        const std::vector<std::string> list = steps();
        REQUIRE(list.size() >= 2 * changed);
        for (std::size_t i = 0; i < changed; ++i) {
            CHECK(contains(list[2 * i], "take out"));
            CHECK(contains(list[2 * i + 1], "install"));
        }
        CHECK(contains(list[2 * changed - 1], "Tcpip"));
    }

    TEST_CASE_FIXTURE(FreshCatalogs, "what another installer is doing is waited for, and then told") {
        const auto arm = reinterpret_cast<TestWinsockArm*>(
            reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ws2_32.dll"), "TestWinsockArm")));
        REQUIRE(bool(arm != nullptr));
        TestWinsockFaults faults{};
        faults.failCall = 1;
        for (const int error : {WSAEINPROGRESS, WSATRY_AGAIN}) {
            std::vector<DWORD> order = order_of(read(native_architecture));
            std::reverse(order.begin(), order.end());
            faults.error = error;
            faults.failsFromThere = FALSE;
            arm(&faults);
            CHECK(write_order(native_architecture, order) == 0);
            faults.failsFromThere = TRUE;
            arm(&faults);
            const DWORD start = GetTickCount();
            CHECK(write_order(native_architecture, order) == error);
            CHECK(GetTickCount() - start > 1000);
            arm(nullptr);
            CHECK(order_of(read(native_architecture)) == order);
            const Error told = wsc_error(error, "WSCWriteProviderOrder", native_architecture, "Cannot do it");
            CHECK(told.code == "ERR_CATALOG_BUSY");
            CHECK(told.number == static_cast<std::uint32_t>(error));
        }
        CHECK(contains(wsc_error(WSANO_RECOVERY, "x", native_architecture, "y").message, "security product"));
    }

    TEST_CASE_FIXTURE(FreshCatalogs, "an order is written, read back, and refused where an id is unknown") {
        for (const Architecture architecture : architectures) {
            const std::vector<DWORD> before = order_of(read(architecture));
            const auto report = order_catalog(architecture, {before[3], before[1]}, true);
            REQUIRE_MESSAGE(report, message_of(report));
            CHECK(report->before == before);
            CHECK(report->after == order_of(read(architecture)));
            CHECK(report->after[0] == before[3]);
            CHECK(file_exists(report->backup));
            DeleteFileW(report->backup.c_str());
            CHECK(code_of(order_catalog(architecture, {4711}, true)) == "ERR_UNKNOWN_ENTRY");
            CHECK(order_of(read(architecture)) == report->after);
        }
    }
}

TEST_SUITE("random catalogs") {
    TEST_CASE_FIXTURE(FreshCatalogs, "random catalogs, scrambled or wiped, are restored up to their ids") {
        wchar_t number[16] = L"";
        GetEnvironmentVariableW(L"RANDOM_CATALOGS", number, 16);
        const unsigned rounds = number[0] == L'\0' ? 60 : static_cast<unsigned>(_wtoi(number));
        unsigned changed = 0, steps = 0, noted = 0;
        const RandomDlls dlls;
        wchar_t samples[MAX_PATH] = L"";
        GetEnvironmentVariableW(L"BACKUP_SAMPLES", samples, MAX_PATH);
        for (unsigned seed = 1; seed <= rounds; ++seed) {
            CAPTURE(seed);
            Random random(seed);
            FreshCatalogs::wipe();
            generate(random);
            generate_namespaces(random);
            const std::vector<BackedUpCatalog> backup = back_up();
            if (samples[0] != L'\0') {
                const std::string text = *backup_text();
                write_new_file(samples + (L"\\" + std::to_wstring(seed)) + L".json", text.data(), text.size());
            }
            scramble(random);
            RestoreOptions options;
            options.exact = true;
            RestoreOptions dry = options;
            dry.dry_run = true;
            const auto plan = restore_catalogs(backup, dry);
            REQUIRE_MESSAGE(plan, message_of(plan));
            const auto report = restore_catalogs(backup, options);
            REQUIRE_MESSAGE(report, message_of(report));
            CHECK(without_ids(plan->steps) == without_ids(report->steps));
            noted += report->notes.empty() ? 0 : 1;
            changed += report->changed ? 1 : 0;
            steps += static_cast<unsigned>(report->steps.size());
            if (report->notes.empty()) CHECK(canonical(back_up()) == canonical(backup));
            const auto again = restore_catalogs(backup, options);
            REQUIRE_MESSAGE(again, message_of(again));
            CHECK_FALSE(again->changed);
            if (!report->backup.empty()) DeleteFileW(report->backup.c_str());
        }
        MESSAGE(rounds, " random catalogs restored: ", changed, " changed, ", steps, " steps, ", noted, " with notes");
        CHECK(changed > rounds / 2);
        CHECK(noted == 0);
    }
}

TEST_SUITE("test winsock") {
    TEST_CASE("a crafted backup is refused before anything is changed, as a dry run too") {
        const FreshCatalogs fresh;
        ToldFileSystem told;
        told.with_rights(L"C:\\Users\\Public", ToldFileSystem::users_may_write).link(L"C:\\vendor");
        const FileSystemScope scope(told);
        constexpr GUID own = {0x5a5a5a5a, 1, 2, {3}};
        const std::vector<BackedUpCatalog> before = back_up();
        for (const Architecture architecture : architectures) {
            const std::size_t index = architecture == Architecture::x64 ? 0 : 1;
            REQUIRE(before[index].architecture == architecture);
            for (const std::wstring path :
                 {L"C:\\Users\\Public\\x.dll", L"\\\\evil\\s\\x.dll", L"C:\\vendor\\x.dll", L"%FOO%\\x.dll"}) {
                for (const bool is_namespace : {false, true}) {
                    CAPTURE(path);
                    CAPTURE(is_namespace);
                    std::vector<BackedUpCatalog> backup = before;
                    BackedUpCatalog& catalog = backup[index];
                    std::string place = concat({"$.catalogs[", index, "]."});
                    if (is_namespace) {
                        NamespaceProvider provider = catalog.namespaces->front();
                        provider.id = own;
                        provider.path = path;
                        place += concat({"namespaces[", catalog.namespaces->size(), "].path"});
                        catalog.namespaces->push_back(provider);
                    } else {
                        CatalogEntry entry = catalog.entries.front();
                        REQUIRE(entry.is_base());
                        entry.info.ProviderId = own;
                        entry.path = path;
                        catalog.entries.insert(catalog.entries.begin(), entry);
                        catalog.categories.insert(catalog.categories.begin(), std::nullopt);
                        place += "entries[0].path";
                    }
                    for (const bool dry_run : {true, false}) {
                        RestoreOptions options;
                        options.dry_run = dry_run;
                        const auto report = restore_catalogs(backup, options);
                        CHECK(code_of(report) == "ERR_UNTRUSTED_PATH");
                        CHECK(contains(message_of(report), place));
                        CHECK(contains(message_of(report), "Nothing was changed."));
                    }
                    CHECK(canonical(back_up()) == canonical(before));
                }
            }
        }
        // The file as it was is restored.
        CHECK(restore_catalogs(before, {}));
    }

    TEST_CASE("a backup that leads Windows' own provider elsewhere is refused") {
        const FreshCatalogs fresh;
        ToldFileSystem told;
        told.with_rights(L"C:\\Users\\Public", ToldFileSystem::users_may_write);
        const FileSystemScope scope(told);
        std::vector<BackedUpCatalog> backup = back_up();
        for (CatalogEntry& entry : backup[0].entries) entry.path = L"C:\\Users\\Public\\x.dll";
        const auto report = restore_catalogs(backup, {});
        CHECK(code_of(report) == "ERR_UNTRUSTED_PATH");
        CHECK(contains(message_of(report), "$.catalogs[0].entries[0].path"));
    }
}
