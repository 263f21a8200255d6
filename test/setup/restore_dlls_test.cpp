// What of a backup is not restored because of its DLL, as values; and what is found behind a path.
#include "setup/restore_dlls.hpp"

#include <doctest/doctest.h>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/files.hpp"
#include "setup/restore_plan.hpp"
#include "system/handle.hpp"
#include "told_file_system.hpp"

using namespace lsp::setup;

namespace {

constexpr GUID our_chain = {0x77777777, 7, 7, {7, 7, 7, 7, 7, 7, 7, 7}};
constexpr wchar_t base_dll[] = L"%SystemRoot%\\system32\\mswsock.dll";
constexpr wchar_t old_dll[] = L"C:\\old\\lsp.dll";
constexpr wchar_t new_dll[] = L"C:\\new\\lsp.dll";

CatalogEntry with_path(CatalogEntry entry, const std::wstring& path) {
    entry.path = path;
    return entry;
}

// A layered provider with a chain over TCP, which is first.
Catalog layered_over(const Catalog& below, DWORD id, const GUID& layer, const GUID& chain, const std::wstring& path) {
    Catalog catalog = below;
    catalog.push_back(with_path(make_entry(id, L"layer", tcp4, layer, {}, true), path));
    const CatalogEntry top =
        make_entry(id + 1, L"layer over TCP", tcp4, chain, {id, below.front().info.dwCatalogEntryId});
    catalog.insert(catalog.begin(), with_path(top, path));
    mark_ours(catalog);
    return catalog;
}

Catalog bases() { return {make_entry(1, L"TCP", tcp4, base_guid), make_entry(2, L"UDP", udp4, base_guid)}; }

DllFacts good(const wchar_t* path) { return {path, true, IMAGE_FILE_MACHINE_AMD64, true, "", false}; }
DllFacts in_system_folder(DllFacts facts) {
    facts.in_system_folder = true;
    return facts;
}
DllFacts missing(const wchar_t* path) { return {path, false, 0, false, "", false}; }

LeftOut leave_out(BackedUpCatalog& backup, const Catalog& current, const std::vector<DllFacts>& dlls) {
    return leave_out_unloadable(backup, current, dlls, false);
}

BackedUpCatalog backup_with(const Catalog& entries) {
    return {Architecture::x64, entries, std::vector<std::optional<DWORD>>(entries.size(), 1), {}};
}

}  // namespace

TEST_CASE("of a backup, what no program could load or others could replace is left out with a note") {
    const struct {
        const char* said;
        DllFacts dll;
    } situations[] = {
        {"does not exist", missing(old_dll)},
        {"is no provider's DLL", {old_dll, true, 0, false, "", false}},
        {"is no provider's DLL", {old_dll, true, IMAGE_FILE_MACHINE_AMD64, false, "", false}},
        {"is made for another architecture", {old_dll, true, IMAGE_FILE_MACHINE_I386, true, "", false}},
        {"can be replaced by others than administrators (S-1-1-0 on C:\\old)",
         {old_dll, true, IMAGE_FILE_MACHINE_AMD64, true, "S-1-1-0 on C:\\old", false}},
    };
    for (const auto& each : situations) {
        CAPTURE(each.said);
        BackedUpCatalog backup = backup_with(layered_over(bases(), 10, other_guid, other_chain_guid, old_dll));
        const LeftOut left = leave_out(backup, bases(), {good(base_dll), each.dll});
        CHECK(left.providers.size() == 2);
        CHECK(left.broken.empty());
        REQUIRE(left.notes.size() == 1);
        CHECK(contains(left.notes[0], "\"layer over TCP\" and 1 more of the backup of the 64-bit catalog"));
        CHECK(contains(left.notes[0], each.said));
        CHECK(backup.entries.size() == 2);
        CHECK(backup.categories.size() == 2);
    }
}

TEST_CASE("what is well, what nobody can tell, and Windows' own providers are not left out") {
    const DllFacts unreadable{old_dll, true, 0, false, "", true};
    for (const DllFacts& dll : {good(old_dll), unreadable}) {
        BackedUpCatalog backup = backup_with(layered_over(bases(), 10, other_guid, other_chain_guid, old_dll));
        const LeftOut left = leave_out(backup, bases(), {missing(base_dll), dll});
        CHECK(left.providers.empty());
        CHECK(left.notes.empty());
        CHECK(backup.entries.size() == 4);
    }
}

TEST_CASE("of base providers, only what Windows has of its own, or the catalog has already, may be missing") {
    BackedUpCatalog backup = backup_with(bases());
    CHECK(leave_out(backup, {}, {in_system_folder(missing(base_dll))}).providers.empty());
    CHECK(leave_out(backup, bases(), {missing(base_dll)}).providers.empty());
    const LeftOut left = leave_out(backup, {}, {missing(base_dll)});
    CHECK(left.providers.size() == 1);
    CHECK(backup.entries.empty());
}

TEST_CASE("what others could replace is refused with its place in the file, whatever it calls itself") {
    constexpr GUID fresh = {0x99, 9, 9, {9}};
    constexpr char who[] = "S-1-5-11 on C:\\Users\\Public";
    const std::wstring evil = L"C:\\Users\\Public\\x.dll";
    const DllFacts dll{evil, true, IMAGE_FILE_MACHINE_AMD64, true, who, false};
    NamespaceProvider provider;
    provider.id = fresh;
    provider.path = evil;
    provider.name_space = NS_DNS;
    NamespaceProvider windows_own = provider;
    windows_own.id = other_guid;
    windows_own.path = base_dll;
    const std::vector<DllFacts> dlls = {in_system_folder(good(base_dll)), dll};
    const auto check = [&](const BackedUpCatalog& backup, const Catalog& current,
                           const std::vector<NamespaceProvider>& namespaces = {}) {
        return check_trust(backup, 1, current, namespaces, dlls, dlls);
    };

    BackedUpCatalog backup = backup_with(bases());
    backup.namespaces = {windows_own};
    CHECK(check(backup, bases()));
    SUBCASE("an entry more that calls itself a base provider") {
        backup.entries.insert(backup.entries.begin() + 1, with_path(make_entry(7, L"TCP", tcp4, fresh), evil));
        const Outcome refused = check(backup, bases());
        CHECK(code_of(refused) == "ERR_UNTRUSTED_PATH");
        CHECK(contains(message_of(refused), "$.catalogs[1].entries[1].path is C:\\Users\\Public\\x.dll"));
        CHECK(contains(message_of(refused), who));
        CHECK(contains(message_of(refused), "Nothing was changed."));
        // It is there already, and stays.
        Catalog current = bases();
        current.push_back(with_path(make_entry(7, L"TCP", tcp4, fresh), L"c:\\users\\public\\X.DLL"));
        CHECK(check(backup, current));
        // There is a provider of that id, with another path.
        current.back().path = base_dll;
        CHECK(code_of(check(backup, current)) == "ERR_UNTRUSTED_PATH");
    }
    SUBCASE("Windows' own providers with another path") {
        for (CatalogEntry& entry : backup.entries) entry.path = evil;
        CHECK(contains(message_of(check(backup, bases())), "$.catalogs[1].entries[0].path"));
    }
    SUBCASE("a namespace provider") {
        backup.namespaces->push_back(provider);
        const Outcome refused = check(backup, bases());
        CHECK(code_of(refused) == "ERR_UNTRUSTED_PATH");
        CHECK(contains(message_of(refused), "$.catalogs[1].namespaces[1].path is C:\\Users\\Public\\x.dll"));
        CHECK(check(backup, bases(), {provider}));
        CHECK(code_of(check(backup, bases(), {windows_own})) == "ERR_UNTRUSTED_PATH");
    }
    SUBCASE("a namespace provider of Windows' own with another path") {
        backup.namespaces->front().path = evil;
        CHECK(contains(message_of(check(backup, bases(), {windows_own})), "$.catalogs[1].namespaces[0].path"));
    }
    SUBCASE("a layered provider is left out, as one that was installed badly") {
        backup = backup_with(layered_over(bases(), 10, other_guid, other_chain_guid, evil));
        CHECK(check(backup, bases()));
        CHECK(leave_out(backup, bases(), dlls).providers.size() == 2);
    }
    SUBCASE("a layered provider on another machine is not") {
        const std::wstring remote = L"\\\\evil\\s\\x.dll";
        backup = backup_with(layered_over(bases(), 10, other_guid, other_chain_guid, remote));
        const DllFacts there = look_at_dll(remote, Architecture::x64);
        CHECK(there.elsewhere);
        CHECK(code_of(check_trust(backup, 0, bases(), {}, {good(base_dll), there}, {})) == "ERR_UNTRUSTED_PATH");
    }
}

TEST_CASE("nothing is opened on another machine, or through a link that could lead there") {
    ToldFileSystem told;
    told.link(L"C:\\junction").drive_is(L'N', DriveKind::remote);
    const FileSystemScope scope(told);
    for (const wchar_t* path : {L"\\\\evil\\s\\x.dll", L"\\\\?\\UNC\\evil\\s\\x.dll", L"//evil/s/x.dll", L"N:\\x.dll",
                                L"\\\\.\\pipe\\x", L"C:\\junction\\x.dll", L"%SystemRoot%\\..\\junction\\x.dll"}) {
        CAPTURE(std::wstring(path));
        const DllFacts facts = look_at_dll(path, native_architecture);
        CHECK(facts.elsewhere);
        CHECK(facts.unreadable);
        CHECK(facts.machine == 0);
        CHECK(load_fault(facts, native_architecture).empty());
        CHECK_FALSE(facts.replaceable_by.empty());
    }
    for (const std::wstring& asked : told.asked()) CHECK(asked.find(L"junction\\") == std::wstring::npos);
}

TEST_CASE("a path that is another one in each program's environment can be replaced by whoever sets that") {
    CHECK(look_at_dll(L"%USERPROFILE%\\x.dll", native_architecture).replaceable_by ==
          "%USERPROFILE% is not the same in every program");
    CHECK(look_at_dll(L"%windir%\\%TEMP%\\x.dll", native_architecture).replaceable_by != "");
    CHECK(look_at_dll(L"%SystemRoot%\\System32\\kernel32.dll", native_architecture).replaceable_by == "");
    CHECK(look_at_dll(L"kernel32.dll", native_architecture).replaceable_by == "");
    const std::wstring before = environment_variable(L"PATH");
    REQUIRE(SetEnvironmentVariableW(L"PATH", temporary_folder().c_str()));
    const std::wstring path = write_temporary(L"by_path.dll", {'x'});
    CHECK(contains(look_at_dll(L"by_path.dll", native_architecture).replaceable_by, "each program's own PATH"));
    SetEnvironmentVariableW(L"PATH", before.c_str());
    DeleteFileW(path.c_str());
}

TEST_CASE("what stands on a provider that is left out is left out too") {
    Catalog entries = layered_over(bases(), 10, other_guid, other_chain_guid, old_dll);
    entries.push_back(with_path(make_entry(30, L"upper", tcp4, our_chain, {}, true), new_dll));
    entries.insert(entries.begin(),
                   with_path(make_entry(31, L"upper over layer", tcp4, {0x66, 6, 6, {}}, {30, 11, 1}), new_dll));
    BackedUpCatalog backup = backup_with(entries);
    const LeftOut left = leave_out(backup, bases(), {missing(old_dll), good(new_dll)});
    REQUIRE(left.notes.size() == 2);
    CHECK(contains(left.notes[1], "\"upper over layer\""));
    CHECK(contains(left.notes[1], "stands on \"layer over TCP\""));
    CHECK(backup.entries.size() == 3);  // `upper` itself stands on nothing
}

TEST_CASE("ours whose DLL was replaced by another version's are restored with that, if it is good") {
    const Catalog entries = layered_over(bases(), 10, provider_guid, our_chain, old_dll);
    const Catalog current = layered_over(bases(), 20, provider_guid, our_chain, new_dll);
    SUBCASE("it is") {
        BackedUpCatalog backup = backup_with(entries);
        const LeftOut left = leave_out(backup, current, {missing(old_dll), good(new_dll)});
        CHECK(left.providers.empty());
        REQUIRE(left.notes.size() == 1);
        CHECK(contains(left.notes[0], "C:\\new\\lsp.dll, which is registered now, takes its place"));
        CHECK(backup.entries.front().path == new_dll);
        CHECK(backup.entries.back().path == new_dll);
        CHECK(backup.entries[1].path == base_dll);
    }
    SUBCASE("nothing of ours is registered") {
        BackedUpCatalog backup = backup_with(entries);
        const LeftOut left = leave_out(backup, bases(), {missing(old_dll)});
        CHECK(left.providers.size() == 2);
        REQUIRE(left.notes.size() == 1);
        CHECK(contains(left.notes[0], "winsock-lsp install"));
    }
    SUBCASE("it is missing too") {
        BackedUpCatalog backup = backup_with(entries);
        const LeftOut left = leave_out(backup, current, {missing(old_dll), missing(new_dll)});
        CHECK(left.providers.size() == 2);
        CHECK(left.broken.size() == 2);
        CHECK(left.notes.size() == 2);
    }
}

TEST_CASE("what only the current catalog has and no program can load is put behind everything") {
    Catalog current = layered_over(bases(), 10, other_guid, other_chain_guid, old_dll);
    BackedUpCatalog backup = backup_with(bases());
    const LeftOut left = leave_out(backup, current, {good(base_dll), missing(old_dll)});
    CHECK(left.providers.empty());
    REQUIRE(left.notes.size() == 1);
    CHECK(contains(left.notes[0], "is put behind everything"));
    const WantedCatalog wanted = wanted_catalog(backup, current, false, left.broken);
    const auto step = next_step(wanted, current, {});
    REQUIRE(step);
    CHECK(step->kind == RestoreStep::Kind::order);
    CHECK(step->order == std::vector<DWORD>{1, 2, 11, 10});
    CHECK(leave_out_unloadable(backup, current, {missing(old_dll)}, true).notes.empty());  // it is taken out
}

TEST_CASE("what is behind a path") {
    const std::wstring path = write_temporary(L"dll_facts.dll", provider_for_machine(IMAGE_FILE_MACHINE_AMD64));
    SUBCASE("a provider") {
        const DllFacts facts = look_at_dll(path, native_architecture);
        CHECK(facts.exists);
        CHECK(facts.machine == IMAGE_FILE_MACHINE_AMD64);
        CHECK(facts.is_provider);
        CHECK_FALSE(facts.unreadable);
    }
    SUBCASE("nothing, and no folder") {
        CHECK_FALSE(look_at_dll(path + L".none", native_architecture).exists);
        CHECK_FALSE(look_at_dll(L"C:\\no such folder\\x.dll", native_architecture).exists);
        CHECK_FALSE(look_at_dll(L"no such file.dll", native_architecture).exists);
    }
    SUBCASE("a file that is in use is not missing, nor is it something else") {
        const Handle file(
            CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
        REQUIRE(file);
        const DllFacts facts = look_at_dll(path, native_architecture);
        CHECK(facts.exists);
        CHECK(facts.unreadable);
        CHECK(load_fault(facts, native_architecture).empty());
    }
    SUBCASE("a name without a folder is not looked for in the current one") {
        wchar_t before[MAX_PATH];
        GetCurrentDirectoryW(MAX_PATH, before);
        REQUIRE(SetCurrentDirectoryW(temporary_folder().c_str()));
        CHECK_FALSE(look_at_dll(L"dll_facts.dll", native_architecture).exists);
        CHECK(look_at_dll(L"kernel32.dll", native_architecture).exists);
        SetCurrentDirectoryW(before);
    }
    DeleteFileW(path.c_str());
}

#ifdef _WIN64
TEST_CASE("in the 32-bit catalog Program Files are those of 32-bit programs") {
    wchar_t before[MAX_PATH] = L"";
    GetEnvironmentVariableW(L"ProgramFiles(x86)", before, MAX_PATH);
    REQUIRE(SetEnvironmentVariableW(L"ProgramFiles(x86)", L"C:\\Programs32"));
    CHECK(file_of(L"%programfiles%\\x\\x.dll", Architecture::ia32) == L"C:\\Programs32\\x\\x.dll");
    CHECK(file_of(L"%ProgramFiles%\\x\\x.dll", Architecture::x64) == expand_environment(L"%ProgramFiles%\\x\\x.dll"));
    SetEnvironmentVariableW(L"ProgramFiles(x86)", before[0] == L'\0' ? nullptr : before);
}
#endif
