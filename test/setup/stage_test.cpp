#include <doctest/doctest.h>

#include "../system/support.hpp"
#include "setup/files.hpp"
#include "setup/plan.hpp"
#include "setup/setup.hpp"

using namespace lsp::setup;

TEST_CASE("staging copies the DLL to Program Files, once for the same bytes") {
    const auto first = stage_provider_dll(fake_provider_path());
    REQUIRE_MESSAGE(first, message_of(first));
    CHECK(first->find(L"\\winsock-lsp\\") != std::wstring::npos);
    const std::wstring name = sizeof(void*) == 8 ? L"\\winsock-lsp.dll" : L"\\winsock-lsp-ia32.dll";
    CHECK(first->substr(first->rfind(L'\\')) == name);
    CHECK(bytes_of(*first) == bytes_of(fake_provider_path()));
    const auto second = stage_provider_dll(fake_provider_path());
    REQUIRE(second);
    CHECK(*second == *first);
    const auto itself = stage_provider_dll(*first);
    REQUIRE(itself);
    CHECK(*itself == *first);
}

TEST_CASE("staging other bytes while the DLL is in use makes another folder, or replaces it where the system can") {
    const auto first = stage_provider_dll(fake_provider_path());
    REQUIRE(first);
    const HMODULE used = LoadLibraryW(first->c_str());
    REQUIRE(used != nullptr);
    std::vector<unsigned char> other = bytes_of(fake_provider_path());
    other.push_back(0);
    const auto second = stage_provider_dll(write_temporary(L"other.dll", other));
    FreeLibrary(used);
    REQUIRE_MESSAGE(second, message_of(second));
    CHECK(bytes_of(*second) == other);
}

TEST_CASE("both architectures' DLLs fit into one folder") {
    const auto x64 = stage_provider_dll(write_temporary(L"x64.dll", provider_for_machine(IMAGE_FILE_MACHINE_AMD64)));
    const auto ia32 = stage_provider_dll(write_temporary(L"ia32.dll", provider_for_machine(IMAGE_FILE_MACHINE_I386)));
    REQUIRE(x64);
    REQUIRE(ia32);
    CHECK(x64->substr(x64->rfind(L'\\')) == L"\\winsock-lsp.dll");
    CHECK(ia32->substr(ia32->rfind(L'\\')) == L"\\winsock-lsp-ia32.dll");
}

TEST_CASE("staging what is not a DLL is an error") {
    CHECK(code_of(stage_provider_dll(own_folder() + L"\\none.dll")) == "ERROR_FILE_NOT_FOUND");
    CHECK(code_of(stage_provider_dll(L"C:\\no such folder\\none.dll")) == "ERROR_FILE_NOT_FOUND");
    CHECK(code_of(stage_provider_dll(write_temporary(L"text.dll", {'t', 'e', 'x', 't'}))) == "ERR_NOT_A_PROVIDER");
}

TEST_CASE("the setup DLL beside the source is copied along, each time as it is there") {
    const std::vector<unsigned char> provider = provider_for_machine(IMAGE_FILE_MACHINE_AMD64);
    const std::wstring source = write_temporary(L"with.dll", provider);
    for (const unsigned char version : {1, 2}) {
        std::vector<unsigned char> setup = provider;
        setup.push_back(version);
        write_temporary(L"with-setup.dll", setup);
        const auto staged = stage_provider_dll(source);
        REQUIRE_MESSAGE(staged, message_of(staged));
        const std::wstring beside = staged->substr(0, staged->rfind(L'.')) + L"-setup.dll";
        CHECK(beside.substr(beside.rfind(L'\\')) == L"\\winsock-lsp-setup.dll");
        CHECK(bytes_of(beside) == setup);
        CHECK(bytes_of(*staged) == provider);
    }
}

TEST_CASE("a dry run foretells what staging copies, and copies nothing itself") {
    std::vector<unsigned char> provider = bytes_of(fake_provider_path()), setup = provider;
    const auto check = [&](const char* what, std::size_t copies) {
        CAPTURE(what);
        const std::wstring source = write_temporary(L"planned.dll", provider);
        write_temporary(L"planned-setup.dll", setup);
        const auto plan = plan_staging(source);
        REQUIRE_MESSAGE(plan, message_of(plan));
        CHECK(plan->copies.size() == copies);
        for (const FileCopy& copy : plan->copies)
            CHECK((!file_exists(copy.to) || bytes_of(copy.to) != bytes_of(copy.from)));
        const auto staged = stage_provider_dll(source);
        REQUIRE_MESSAGE(staged, message_of(staged));
        CHECK(*staged == plan->path);
        for (const FileCopy& copy : plan->copies) CHECK(bytes_of(copy.to) == bytes_of(copy.from));
        CHECK(plan_staging(source)->copies.empty());
        return *staged;
    };
    provider.push_back(10);
    setup.push_back(20);
    const std::wstring first = check("both are new", 2);
    check("both are there", 0);
    setup.push_back(30);
    check("another setup DLL", 1);
    provider = bytes_of(fake_provider_path());
    check("another provider", 1);
    const HMODULE used = LoadLibraryW(first.c_str());
    REQUIRE(used != nullptr);
    check("the same while it is in use", 0);
    provider.push_back(40);
    const std::wstring second = check("another provider while the first is in use", 2);
    FreeLibrary(used);
    CHECK(second != first);
}
