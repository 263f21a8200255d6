// What install and remove leave of the DLLs that earlier installations had staged.
#include "setup/old_versions.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../system/support.hpp"
#include "setup/files.hpp"
#include "setup/plan.hpp"
#include "setup/setup.hpp"
#include "system/registry.hpp"

using namespace lsp::setup;

namespace {

// A folder under %ProgramFiles%\winsock-lsp with these files, all with the fake provider's bytes.
std::wstring make_version(const wchar_t* name, std::initializer_list<const wchar_t*> files) {
    make_folder(staging_root(), nullptr);
    const std::wstring folder = staging_root() + L"\\" + name;
    make_folder(folder, nullptr);
    const std::vector<unsigned char> bytes = bytes_of(fake_provider_path());
    for (const wchar_t* file : files) write_new_file(folder + L"\\" + file, bytes.data(), bytes.size());
    return folder;
}

bool exists(const std::wstring& path) { return GetFileAttributesW(path.c_str()) != INVALID_FILE_ATTRIBUTES; }

// Whether the next start of Windows deletes it.
bool is_scheduled(const std::wstring& path) {
    RegistryKey key;
    DWORD type = 0;
    std::vector<unsigned char> bytes;
    if (key.open(HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\Session Manager", KEY_QUERY_VALUE) != 0 ||
        read_value(key.get(), L"PendingFileRenameOperations", 1 << 20, type, bytes) != 0) {
        return false;
    }
    const std::wstring text(reinterpret_cast<const wchar_t*>(bytes.data()), bytes.size() / sizeof(wchar_t));
    // The name, its end, and the empty new name's end.
    return text.find(L"\\??\\" + path + std::wstring(2, L'\0')) != std::wstring::npos;
}

void forget_everything() {
    REQUIRE(remove_provider());
    delete_old_versions();
    for (const wchar_t* left : {L"\\0.0.2\\readme.txt"}) {
        DeleteFileW((staging_root() + left).c_str());
    }
    RemoveDirectoryW((staging_root() + L"\\0.0.2").c_str());
}

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE("an installation deletes what earlier ones had staged, and nothing else") {
        forget_everything();
        const std::wstring first = make_version(
            L"0.0.1", {L"winsock-lsp.dll", L"winsock-lsp-ia32.dll", L"winsock-lsp-setup.dll", L"new-12-34.tmp"});
        const std::wstring shared = make_version(L"0.0.2", {L"winsock-lsp.dll", L"readme.txt"});
        const std::wstring used = make_version(L"0.0.3", {L"winsock-lsp.dll"});
        const HMODULE loaded = LoadLibraryW((used + L"\\winsock-lsp.dll").c_str());
        REQUIRE(loaded != nullptr);

        InstallOptions options;
        const auto staged = stage_provider_dll(fake_provider_path());
        REQUIRE_MESSAGE(staged, message_of(staged));
        options.dll = *staged;
        REQUIRE(exists(first));
        const auto plan = plan_install(options);
        REQUIRE_MESSAGE(plan, message_of(plan));
        std::vector<std::wstring> foretold = plan->deleted;
        std::sort(foretold.begin(), foretold.end());
        CHECK(foretold == std::vector<std::wstring>{first + L"\\new-12-34.tmp", first + L"\\winsock-lsp-ia32.dll",
                                                    first + L"\\winsock-lsp-setup.dll", first + L"\\winsock-lsp.dll",
                                                    shared + L"\\winsock-lsp.dll", used + L"\\winsock-lsp.dll"});
        const auto report = install_provider(options);
        REQUIRE_MESSAGE(report, message_of(report));
        CHECK(report->changed);

        CHECK(exists(options.dll));
        CHECK_FALSE(exists(first));
        CHECK_FALSE(exists(shared + L"\\winsock-lsp.dll"));
        CHECK(exists(shared + L"\\readme.txt"));
        // In use: its name is free at once, and the file goes with the next start of Windows.
        CHECK_FALSE(exists(used + L"\\winsock-lsp.dll"));
        WIN32_FIND_DATAW found;
        const HANDLE search = FindFirstFileW((used + L"\\old-*.tmp").c_str(), &found);
        CHECK(search != INVALID_HANDLE_VALUE);
        if (search != INVALID_HANDLE_VALUE) {
            FindClose(search);
            CHECK(is_scheduled(used + L"\\" + found.cFileName));
            CHECK(is_scheduled(used));
        }
        CHECK_FALSE(is_scheduled(options.dll));
        CHECK_FALSE(is_scheduled(folder_of(options.dll)));

        // What is in use may be staged and registered again: nothing will delete it.
        make_version(L"0.0.3", {L"winsock-lsp.dll"});
        CHECK_FALSE(is_scheduled(used + L"\\winsock-lsp.dll"));
        FreeLibrary(loaded);

        CHECK(plan_install(options)->deleted.empty());  // nothing changes, so nothing is cleaned up either
        const auto removal = plan_remove();
        REQUIRE_MESSAGE(removal, message_of(removal));
        CHECK(std::find(removal->deleted.begin(), removal->deleted.end(), options.dll) != removal->deleted.end());
        const auto removed = remove_provider();
        REQUIRE_MESSAGE(removed, message_of(removed));
        CHECK_FALSE(exists(options.dll));
        CHECK_FALSE(exists(used));
        CHECK(exists(shared + L"\\readme.txt"));
        forget_everything();
    }

    TEST_CASE("what is registered stays, whoever looks for old versions") {
        forget_everything();
        const std::wstring registered = make_version(L"0.0.4", {L"winsock-lsp.dll", L"winsock-lsp-setup.dll"});
        InstallOptions options;
        options.dll = registered + L"\\winsock-lsp.dll";
        SUBCASE("by its path") {}
        SUBCASE("in other letters, and by way of the environment") {
            options.dll = L"%SystemDrive%\\PROGRAM FILES\\Winsock-LSP\\0.0.4\\WINSOCK-LSP.DLL";
        }
        REQUIRE(install_provider(options));
        const CleanUp again = delete_old_versions();
        CHECK(again.deleted.empty());
        CHECK(again.scheduled.empty());
        CHECK(exists(registered + L"\\winsock-lsp.dll"));
        CHECK(exists(registered + L"\\winsock-lsp-setup.dll"));
        forget_everything();
        CHECK_FALSE(exists(registered));
    }
}
