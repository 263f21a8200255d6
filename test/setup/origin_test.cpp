// What an elevated process may be run from, and take a DLL from.
#include "setup/origin.hpp"

#include <doctest/doctest.h>

#include "../system/filtered_token.hpp"
#include "../system/support.hpp"
#include "setup/files.hpp"
#include "setup/setup.hpp"
#include "told_file_system.hpp"

using namespace lsp::setup;

namespace {

constexpr wchar_t script[] = L"C:\\Program Files\\winsock-lsp-package\\dist\\main.js";

}  // namespace

TEST_CASE("an elevated process is not run from where others can write, and the answer says where it is") {
    const struct {
        const char* what;
        std::wstring path;
    } situations[] = {
        {"the program's folder", own_folder()},
        {"the program", own_path()},
        {"the script", script},
        {"the script's folder", folder_of(script)},
    };
    {
        ToldFileSystem told;
        const FileSystemScope scope(told);
        CHECK(check_run_from({script}));
    }
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        ToldFileSystem told;
        told.with_rights(situation.path, ToldFileSystem::users_may_write);
        const FileSystemScope scope(told);
        const Outcome refused = check_run_from({script});
        CHECK(code_of(refused) == "ERR_UNTRUSTED_PATH");
        CHECK(contains(message_of(refused), "S-1-5-11 on "));
        CHECK(contains(message_of(refused), "--trust-source"));
        CHECK(contains(message_of(refused), "docs/fleet.md"));
    }
    ToldFileSystem told;
    told.link(L"C:\\Program Files\\winsock-lsp-package");
    const FileSystemScope scope(told);
    CHECK(contains(message_of(check_run_from({script})), "winsock-lsp-package is a link"));
}

TEST_CASE("a process that is not elevated runs from anywhere") {
    ToldFileSystem told;
    told.with_rights(own_folder(), ToldFileSystem::users_may_write);
    const FileSystemScope scope(told);
    const FilteredToken filtered;
    CHECK(check_run_from({script}));
}

TEST_CASE("no DLL is staged from where others can write, unless somebody says that it is meant") {
    ToldFileSystem told;
    told.with_rights(temporary_folder(), ToldFileSystem::users_may_write);
    const FileSystemScope scope(told);
    const std::wstring source = write_temporary(L"source.dll", bytes_of(fake_provider_path()));
    CHECK(stage_provider_dll(fake_provider_path()));
    for (const Error& error :
         {stage_provider_dll(source).error(), check_sources({source}, SourceTrust::judge, false).error()}) {
        CHECK(error.code == "ERR_UNTRUSTED_PATH");
        CHECK(contains(error.message, "source.dll"));
        CHECK(contains(error.message, "--trust-source"));
    }
    CHECK(check_sources({source}, SourceTrust::given, false));
    CHECK(check_sources({fake_provider_path()}, SourceTrust::judge, false));
    const auto staged = stage_provider_dll(source, SourceTrust::given);
    REQUIRE_MESSAGE(staged, message_of(staged));
    // What is staged is judged when it is registered.
    CHECK(check_sources({*staged}, SourceTrust::judge, false));
    // What is missing is said to be missing.
    CHECK(code_of(stage_provider_dll(temporary_folder() + L"\\none.dll")) == "ERROR_FILE_NOT_FOUND");
    // And no other machine is asked for it.
    CHECK(code_of(stage_provider_dll(L"\\\\evil\\s\\x.dll")) == "ERR_UNTRUSTED_PATH");
}

TEST_CASE("what is registered must not be replaceable, wherever its path leads") {
    InstallOptions options;
    options.dll = fake_provider_path();
    ToldFileSystem told;
    told.link(own_folder());
    const FileSystemScope scope(told);
    const auto refused = install_provider(options);
    CHECK(code_of(refused) == "ERR_UNTRUSTED_PATH");
    CHECK(contains(message_of(refused), "is a link"));
}
