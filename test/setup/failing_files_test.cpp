// Install where a file, a folder or a kernel object that it needs cannot be had: each by a cause that a machine may
// have.
#include <doctest/doctest.h>

#include <functional>

#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/file_lock.hpp"
#include "setup/files.hpp"
#include "setup/old_versions.hpp"
#include "system/handle.hpp"
#include "system/registry.hpp"

using namespace lsp::setup;

namespace {

constexpr wchar_t current_version[] = L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion";
constexpr wchar_t program_files_name[] = L"ProgramFilesDir";

// A text value of the machine's, or none, and back.
class MachineValue {
  public:
    MachineValue(const wchar_t* key, const wchar_t* name, const std::wstring& value) : key_(key), name_(name) {
        RegistryKey opened;
        REQUIRE(opened.open(HKEY_LOCAL_MACHINE, key, KEY_QUERY_VALUE | KEY_SET_VALUE) == ERROR_SUCCESS);
        had_ = read_value(opened.get(), name, 4096, type_, earlier_) == ERROR_SUCCESS;
        if (value.empty()) {
            RegDeleteValueW(opened.get(), name);
        } else {
            RegSetValueExW(opened.get(), name, 0, REG_EXPAND_SZ, reinterpret_cast<const BYTE*>(value.c_str()),
                           static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t)));
        }
    }
    ~MachineValue() {
        RegistryKey opened;
        opened.open(HKEY_LOCAL_MACHINE, key_, KEY_SET_VALUE);
        RegDeleteValueW(opened.get(), name_);
        if (had_) RegSetValueExW(opened.get(), name_, 0, type_, earlier_.data(), static_cast<DWORD>(earlier_.size()));
    }

  private:
    const wchar_t *key_, *name_;
    bool had_ = false;
    DWORD type_ = 0;
    std::vector<unsigned char> earlier_;
};

constexpr wchar_t profiles[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList";

class ProgramFiles {
  public:
    explicit ProgramFiles(const std::wstring& value) : earlier_(folder_of(staging_root())) { set(value); }
    ~ProgramFiles() { set(earlier_); }

  private:
    static void set(const std::wstring& value) {
        RegistryKey key;
        REQUIRE(key.open(HKEY_LOCAL_MACHINE, current_version, KEY_SET_VALUE) == ERROR_SUCCESS);
        RegSetValueExW(key.get(), program_files_name, 0, REG_SZ, reinterpret_cast<const BYTE*>(value.c_str()),
                       static_cast<DWORD>((value.size() + 1) * sizeof(wchar_t)));
    }
    std::wstring earlier_;
};

// An empty folder with these folders and files in it.
std::wstring make_place(std::initializer_list<const wchar_t*> folders, std::initializer_list<const wchar_t*> files) {
    static unsigned count = 0;
    const std::wstring place = temporary_folder() + L"\\place-" + std::to_wstring(GetCurrentProcessId()) + L"-" +
                               std::to_wstring(GetTickCount()) + L"-" + std::to_wstring(++count);
    make_folder(place, nullptr);
    for (const wchar_t* name : folders) make_folder(place + L"\\" + name, nullptr);
    for (const wchar_t* name : files) write_new_file(place + L"\\" + name, "x", 1);
    return place;
}

std::size_t count_members(const std::wstring& folder) {
    WIN32_FIND_DATAW found;
    const HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &found);
    if (search == INVALID_HANDLE_VALUE) return 0;
    std::size_t count = 0;
    do {
        if (found.cFileName[0] != L'.') ++count;
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}

// Of a literal that the preprocessor has as a narrow one.
#define WIDE(text) WIDE_(text)
#define WIDE_(text) L##text
constexpr wchar_t version[] = L"winsock-lsp\\" WIDE(WINSOCK_LSP_VERSION);

}  // namespace

TEST_SUITE("test winsock") {
    TEST_CASE("without a backup the catalog is not touched") {
        const struct {
            const char* what;
            std::wstring program_data;
            const char* code;
        } situations[] = {
            {"nobody says where", L"", "ERROR_ENVVAR_NOT_FOUND"},
            {"a relative path", L"data", "ERROR_ENVVAR_NOT_FOUND"},
            {"a folder that does not exist", temporary_folder() + L"\\none\\none", "ERROR_PATH_NOT_FOUND"},
            {"a drive that does not exist", L"Q:\\data", "ERROR_PATH_NOT_FOUND"},
            {"a path that is too long", L"C:\\" + std::wstring(300, L'x'), "ERROR_"},
            {"a file where our folder belongs", make_place({}, {L"winsock-lsp"}), "ERROR_ALREADY_EXISTS"},
            {"a file where the backups' folder belongs", make_place({L"winsock-lsp"}, {L"winsock-lsp\\backup"}),
             "ERROR_ALREADY_EXISTS"},
        };
        InstallOptions options;
        options.dll = fake_provider_path();
        REQUIRE(remove_provider());
        const auto before = enumerate_catalog();
        REQUIRE(before);
        for (const auto& situation : situations) {
            CAPTURE(situation.what);
            const MachineValue data(profiles, L"ProgramData", situation.program_data);
            const MachineValue older(profiles, L"AllUsersProfile", L"");
            const auto report = install_provider(options);
            CAPTURE(message_of(report));
            CHECK(code_of(report).rfind(situation.code, 0) == 0);
            CHECK(contains(message_of(report), "backup"));
            CHECK(contains(message_of(report), "Nothing was changed."));
            const auto after = enumerate_catalog();
            REQUIRE(after);
            CHECK(order_of(*after) == order_of(*before));
        }
    }
}

TEST_CASE("staging says what it could not write, and leaves no half file") {
    const std::wstring dll_name = sizeof(void*) == 8 ? L"\\winsock-lsp.dll" : L"\\winsock-lsp-ia32.dll";
    const std::wstring dll = version + dll_name;
    const struct {
        const char* what;
        std::wstring program_files;
        const char* code;
    } situations[] = {
        {"a folder that does not exist", temporary_folder() + L"\\none\\none", "ERROR_PATH_NOT_FOUND"},
        {"a file where our folder belongs", make_place({}, {L"winsock-lsp"}), "ERROR_ALREADY_EXISTS"},
        {"a file where the version's folder belongs", make_place({L"winsock-lsp"}, {version}), "ERROR_ALREADY_EXISTS"},
        {"a folder where the DLL belongs", make_place({L"winsock-lsp", version, dll.c_str()}, {}),
         "ERROR_ACCESS_DENIED"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        const ProgramFiles files(situation.program_files);
        const auto staged = stage_provider_dll(fake_provider_path());
        CAPTURE(message_of(staged));
        CHECK(code_of(staged) == situation.code);
        CHECK(contains(message_of(staged), "Cannot copy the provider's DLL to"));
        const std::wstring folder = situation.program_files + L"\\" + version;
        CHECK(count_members(folder) == (GetFileAttributesW((folder + dll_name).c_str()) != INVALID_FILE_ATTRIBUTES));
    }
}

TEST_CASE("something else where the lock's file belongs is an error that names the call") {
    const std::wstring path = FileLock::path_of(L"winsock-lsp-catalog");
    REQUIRE(CreateDirectoryW(path.c_str(), nullptr));
    InstallOptions options;
    options.dll = fake_provider_path();
    for (const Error& error : {install_provider(options).error(), remove_provider().error()}) {
        CHECK(error.code == "ERROR_ACCESS_DENIED");
        CHECK(error.syscall == "CreateFileW");
        CHECK(contains(error.message, "lock of the protocol catalog"));
    }
    CHECK(RemoveDirectoryW(path.c_str()));
}
