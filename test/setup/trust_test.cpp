// Who can replace what the catalog names: by rights as values, by paths over a double, and what Wine really shows of
// both.
#include "setup/trust.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "../system/support.hpp"
#include "setup/files.hpp"
#include "told_file_system.hpp"

using namespace lsp::setup;
using namespace lsp::system;

TEST_CASE("who can replace a DLL, by its rights and those of its folders") {
    constexpr auto file = TrustedObject::file, folder = TrustedObject::folder, ancestor = TrustedObject::ancestor,
                   parent = TrustedObject::parent;
    const struct {
        const char* what;
        const wchar_t* sddl;
        TrustedObject object;
        const char* who;
    } situations[] = {
        {"administrators only", L"O:BAG:BAD:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;BU)", file, ""},
        {"TrustedInstaller's", L"O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:(A;;FRFX;;;BU)",
         file, ""},
        {"users may write", L"O:BAD:(A;;FA;;;BA)(A;;FRFW;;;BU)", file, "S-1-5-32-545"},
        {"users may delete", L"O:BAD:(A;;FA;;;BA)(A;;SD;;;BU)", file, "S-1-5-32-545"},
        {"everyone may change the rights", L"O:BAD:(A;;WD;;;WD)", file, "S-1-1-0"},
        {"a user owns it", L"O:S-1-5-21-1-2-3-1001D:(A;;FA;;;BA)", file, "S-1-5-21-1-2-3-1001"},
        {"no DACL", L"O:BAG:BA", file, "the null DACL"},
        {"no owner", L"D:(A;;FA;;;BA)", file, "rights that cannot be read"},
        {"for what is made in it only", L"O:BAD:(A;;FA;;;BA)(A;OICIIO;GA;;;CO)", folder, ""},
        {"users may add files", L"O:BAD:(A;;FA;;;BA)(A;;0x2;;;BU)", folder, "S-1-5-32-545"},
        {"users may add folders", L"O:BAD:(A;;FA;;;BA)(A;;0x4;;;AU)", folder, ""},
        {"users may add files above", L"O:BAD:(A;;FA;;;BA)(A;;0x6;;;AU)", ancestor, ""},
        {"users may delete what is in it", L"O:BAD:(A;;FA;;;BA)(A;;0x40;;;AU)", ancestor, "S-1-5-11"},
        {"users may add folders where one is missing", L"O:BAD:(A;;FA;;;BA)(A;;0x4;;;AU)", parent, "S-1-5-11"},
        {"users are denied", L"O:BAD:(D;;FA;;;BU)(A;;FA;;;BA)", file, ""},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        CHECK(who_can_replace(ToldFileSystem::rights(situation.sddl), situation.object) == situation.who);
    }
}

TEST_CASE("an entry that allows in another way than the plain one counts, whoever it is for") {
    const struct {
        std::uint8_t type;
        bool counts;
    } kinds[] = {
        {ACCESS_ALLOWED_ACE_TYPE, false},  // for administrators
        {ACCESS_DENIED_ACE_TYPE, false},
        {0x4 /* compound */, true},
        {ACCESS_ALLOWED_OBJECT_ACE_TYPE, true},
        {ACCESS_DENIED_OBJECT_ACE_TYPE, false},
        {ACCESS_ALLOWED_CALLBACK_ACE_TYPE, true},
        {ACCESS_DENIED_CALLBACK_ACE_TYPE, false},
        {ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE, true},
        {ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE, false},
        {0x7F /* one that does not exist yet */, true},
    };
    for (const auto& kind : kinds) {
        CAPTURE(unsigned{kind.type});
        AccessRights rights = ToldFileSystem::rights(L"O:BAD:(A;;FA;;;BA)");
        rights.entries.push_back({kind.type, 0, FILE_WRITE_DATA, "S-1-5-32-544"});
        CHECK(who_can_replace(rights, TrustedObject::file).empty() != kind.counts);
        rights.entries.back().rights = FILE_READ_DATA;
        CHECK(who_can_replace(rights, TrustedObject::file).empty());
        rights.entries.back() = {kind.type, INHERIT_ONLY_ACE, FILE_WRITE_DATA, "S-1-5-32-544"};
        CHECK(who_can_replace(rights, TrustedObject::file).empty());
    }
}

TEST_CASE("an entry with a condition is read as one") {
    const AccessRights rights = ToldFileSystem::rights(L"O:BAD:(A;;FA;;;BA)");
    // By hand: Wine's SDDL knows no conditions. ACCESS_ALLOWED_CALLBACK_ACE begins as the plain one does.
    alignas(DWORD) unsigned char memory[256] = {};
    auto* const list = reinterpret_cast<PACL>(memory);
    REQUIRE(InitializeAcl(list, sizeof(memory), ACL_REVISION));
    SID_IDENTIFIER_AUTHORITY world = {SECURITY_WORLD_SID_AUTHORITY};
    PSID everyone = nullptr;
    REQUIRE(AllocateAndInitializeSid(&world, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0, 0, 0, &everyone));
    REQUIRE(AddAccessAllowedAce(list, ACL_REVISION, FILE_ALL_ACCESS, everyone));
    void* ace = nullptr;
    REQUIRE(GetAce(list, 0, &ace));
    static_cast<ACE_HEADER*>(ace)->AceType = ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
    SECURITY_DESCRIPTOR descriptor;
    REQUIRE(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    SID_IDENTIFIER_AUTHORITY nt = {SECURITY_NT_AUTHORITY};
    PSID administrators = nullptr;
    REQUIRE(AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                     &administrators));
    REQUIRE(SetSecurityDescriptorOwner(&descriptor, administrators, FALSE));
    REQUIRE(SetSecurityDescriptorDacl(&descriptor, TRUE, list, FALSE));
    CHECK(who_can_replace(rights_of(&descriptor), TrustedObject::file) == "an access control entry of type 9");
    FreeSid(everyone);
    FreeSid(administrators);
}

TEST_CASE("a path is judged by what it leads to, from the root down") {
    const std::wstring dll = L"C:\\Vendor\\bin\\p.dll";
    const auto write = ToldFileSystem::users_may_write;
    const struct {
        const char* what;
        std::wstring path;
        std::function<void(ToldFileSystem&)> tell;
        const char* said;
        bool elsewhere;
    } situations[] = {
        {"administrators only", dll, [](auto&) {}, "", false},
        {"users may write the file", dll, [&](auto& told) { told.with_rights(dll, write); },
         "S-1-5-11 on C:\\Vendor\\bin\\p.dll", false},
        {"users may write its folder", dll, [&](auto& told) { told.with_rights(L"C:\\Vendor\\bin", write); },
         "S-1-5-11 on C:\\Vendor\\bin", false},
        {"users may rename a folder above", dll,
         [&](auto& told) { told.with_rights(L"C:\\Vendor", L"O:BAD:(A;;FA;;;BA)(A;;SD;;;AU)"); },
         "S-1-5-11 on C:\\Vendor", false},
        {"users may make folders in the root", dll,
         [](auto& told) { told.with_rights(L"C:\\", ToldFileSystem::root_rights); }, "", false},
        {"a junction to a folder of administrators", dll, [](auto& told) { told.link(L"C:\\Vendor"); },
         "C:\\Vendor is a link", true},
        {"the file is a link", dll, [&](auto& told) { told.link(dll); }, "C:\\Vendor\\bin\\p.dll is a link", true},
        {"a short name", L"C:\\VENDOR~1\\bin\\p.dll",
         [](auto& told) { told.leads_to(L"C:\\VENDOR~1", L"C:\\Vendor of names"); }, "", false},
        {"a short name of a folder that users may write", L"C:\\VENDOR~1\\bin\\p.dll",
         [&](auto& told) {
             told.leads_to(L"C:\\VENDOR~1", L"C:\\Vendor of names").with_rights(L"C:\\VENDOR~1", write);
         },
         "S-1-5-11 on C:\\VENDOR~1", false},
        {"other letters", L"c:\\vendor\\BIN\\P.DLL", [](auto& told) { told.leads_to(L"c:\\", L"C:\\"); }, "", false},
        {"slashes and dots", L"C:/Vendor/./x/../bin/p.dll", [&](auto& told) { told.with_rights(dll, write); },
         "S-1-5-11 on C:\\Vendor\\bin\\p.dll", false},
        {"a folder that leads elsewhere, and is not called a link", dll,
         [](auto& told) { told.leads_to(L"C:\\Vendor", L"D:\\users\\x"); }, "C:\\Vendor leads to D:\\users\\x", true},
        {"a letter of subst", L"S:\\p.dll", [](auto& told) { told.drive_is(L'S', DriveKind::substituted); },
         "S: stands for another path", true},
        {"a letter that stands for another path, and is not called so", L"S:\\p.dll",
         [](auto& told) { told.leads_to(L"S:\\", L"C:\\Users\\Public\\"); }, "S:\\ leads to C:\\Users\\Public\\", true},
        {"another machine under a letter", L"N:\\p.dll", [](auto& told) { told.drive_is(L'N', DriveKind::remote); },
         "N: leads to another machine", true},
        {"what can be taken out", L"E:\\p.dll", [](auto& told) { told.drive_is(L'E', DriveKind::other); },
         "E: is no disk of this machine", true},
        {"another machine", L"\\\\evil\\s\\p.dll", [](auto&) {},
         "\\\\evil\\s\\p.dll is the path of another machine or of a device", true},
        {"another machine by a device's path", L"\\\\?\\UNC\\evil\\s\\p.dll", [](auto&) {},
         "\\\\?\\UNC\\evil\\s\\p.dll is the path of another machine or of a device", true},
        {"a device", L"\\\\.\\pipe\\p.dll", [](auto&) {},
         "\\\\.\\pipe\\p.dll is the path of another machine or of a device", true},
        {"slashes before another machine", L"//evil/s/p.dll", [](auto&) {},
         "\\\\evil\\s\\p.dll is the path of another machine or of a device", true},
        {"a stream of a file", L"C:\\Vendor\\bin\\p.dll:x", [](auto&) {},
         "C:\\Vendor\\bin\\p.dll:x names a stream of a file", true},
        {"it is not there, where administrators could put it", dll,
         [&](auto& told) { told.fails(dll, ERROR_FILE_NOT_FOUND); }, "", false},
        {"it is not there, where users could put it", dll,
         [&](auto& told) { told.fails(dll, ERROR_FILE_NOT_FOUND).with_rights(L"C:\\Vendor\\bin", write); },
         "S-1-5-11 on C:\\Vendor\\bin", false},
        {"its folders are not there, and anybody may make them", dll,
         [&](auto& told) {
             told.fails(L"C:\\Vendor", ERROR_FILE_NOT_FOUND).with_rights(L"C:\\", ToldFileSystem::root_rights);
         },
         "S-1-5-11 on C:\\", false},
        {"nobody tells the rights", dll, [](auto& told) { told.fails(L"C:\\Vendor", ERROR_ACCESS_DENIED); },
         "an unknown account (ERROR_ACCESS_DENIED) on C:\\Vendor", false},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        ToldFileSystem told;
        situation.tell(told);
        const FileSystemScope scope(told);
        const PathJudgement judgement = judge_path(situation.path);
        CHECK(judgement.replaceable_by == situation.said);
        CHECK(judgement.elsewhere == situation.elsewhere);
        CHECK_FALSE(judgement.in_system_folder);
        // Nothing is asked below what others can replace, and nothing at all on another machine.
        if (situation.elsewhere && situation.said[0] == '\\') CHECK(told.asked().empty());
    }
}

TEST_CASE("only what lies in Windows' own folder of DLLs itself counts as lying there, by its final path") {
    wchar_t folder[MAX_PATH];
    REQUIRE(GetSystemDirectoryW(folder, MAX_PATH) != 0);
    const std::wstring system = folder;
    ToldFileSystem told;
    told.link(L"C:\\junction").fails(system + L"\\none.dll", ERROR_FILE_NOT_FOUND);
    told.leads_to(L"C:\\alias", system);
    const FileSystemScope scope(told);
    CHECK(judge_path(system + L"\\mswsock.dll").in_system_folder);
    CHECK(judge_path(system + L"\\none.dll").in_system_folder);
    CHECK(judge_path(system + L"\\drivers\\..\\mswsock.dll").in_system_folder);
    // Ordinary users may write in some of the folders below.
    CHECK_FALSE(judge_path(system + L"\\spool\\drivers\\color\\p.dll").in_system_folder);
    CHECK_FALSE(judge_path(L"C:\\junction\\mswsock.dll").in_system_folder);
    CHECK_FALSE(judge_path(L"C:\\alias\\mswsock.dll").in_system_folder);
    CHECK_FALSE(judge_path(L"C:\\mswsock.dll").in_system_folder);
    wchar_t folder32[MAX_PATH];
    const UINT length = GetSystemWow64DirectoryW(folder32, MAX_PATH);
    if (length != 0) CHECK(judge_path(std::wstring(folder32) + L"\\mswsock.dll").in_system_folder);
}

TEST_CASE("really: what is judged cannot be renamed or deleted as long as the judgement lives") {
    const std::wstring folder = temporary_folder() + L"\\held", path = folder + L"\\p.dll", moved = folder + L"-moved";
    make_folder(folder, nullptr);
    write_new_file(path, "x", 1);
    {
        const PathJudgement judgement = judge_path(path);
        CHECK(judgement.replaceable_by == "");
        CHECK(judgement.held.size() >= 3);
        CHECK_FALSE(DeleteFileW(path.c_str()));
        CHECK_FALSE(MoveFileExW(path.c_str(), (path + L".old").c_str(), 0));
        CHECK_FALSE(MoveFileExW(folder.c_str(), moved.c_str(), 0));
        // Programs go on loading it.
        std::vector<unsigned char> bytes;
        CHECK(read_file(path, bytes) == ERROR_SUCCESS);
    }
    CHECK(DeleteFileW(path.c_str()));
    CHECK(RemoveDirectoryW(folder.c_str()));
}
