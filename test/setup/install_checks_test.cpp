// What install refuses before it touches anything, and Wine's own ws2_32, whose catalog keeps nothing.
#include <doctest/doctest.h>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/native_machine.hpp"

using namespace lsp::setup;

TEST_CASE("install refuses what is not our DLL") {
    const auto without_export = [](const std::string& name) {
        std::vector<unsigned char> bytes = bytes_of(fake_provider_path());
        for (std::size_t i = 0; i + name.size() < bytes.size(); ++i) {
            if (std::equal(name.begin(), name.end(), bytes.begin() + static_cast<std::ptrdiff_t>(i))) bytes[i] = 'X';
        }
        return bytes;
    };
    const unsigned short foreign = sizeof(void*) == 8 ? IMAGE_FILE_MACHINE_I386 : IMAGE_FILE_MACHINE_AMD64;
    const struct {
        const char* what;
        std::wstring path;
        const char* code;
        const char* reason;
    } situations[] = {
        {"nothing", L"", "ERROR_INVALID_PARAMETER", "full path"},
        {"a relative path", L"fake_provider.dll", "ERROR_INVALID_PARAMETER", "full path"},
        {"an over-long path", L"C:\\" + std::wstring(300, L'x'), "ERROR_INVALID_PARAMETER", "259"},
        {"a missing file", own_folder() + L"\\none.dll", "ERROR_FILE_NOT_FOUND", "none.dll"},
        {"a missing folder", L"C:\\none\\none.dll", "ERROR_FILE_NOT_FOUND", "none.dll"},
        {"a text", write_temporary(L"text.dll", {'t', 'e', 'x', 't'}), "ERR_NOT_A_PROVIDER", "not a DLL"},
        {"a program", own_path(), "ERR_NOT_A_PROVIDER", "not a DLL"},
        {"a DLL of the other architecture", write_temporary(L"foreign.dll", provider_for_machine(foreign)),
         "ERR_WRONG_ARCHITECTURE", "made for"},
        {"a DLL without WSPStartup", write_temporary(L"nameless.dll", without_export("WSPStartup")),
         "ERR_NOT_A_PROVIDER", "WSPStartup"},
        {"another provider", write_temporary(L"another.dll", without_export("GetLspGuid")), "ERR_NO_LSP_GUID",
         "GetLspGuid"},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        InstallOptions options;
        options.dll = situation.path;
        const auto report = install_provider(options);
        CAPTURE(message_of(report));
        CHECK(code_of(report) == situation.code);
        CHECK(contains(message_of(report), situation.reason));
    }
}

TEST_CASE("install refuses Windows for ARM64, whose own programs could not load the DLL") {
    CHECK(code_of(check_machine(0xAA64)) == "ERR_UNSUPPORTED_PLATFORM");
    for (const std::uint16_t machine : {IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_I386, IMAGE_FILE_MACHINE_UNKNOWN})
        CHECK(check_machine(machine));
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    if (info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64 && native_machine() != 0)
        CHECK(native_machine() == IMAGE_FILE_MACHINE_AMD64);
}

TEST_CASE("install refuses a name that the catalog cannot take") {
    InstallOptions options;
    options.dll = fake_provider_path();
    for (const std::wstring& name : {std::wstring(101, L'x'), std::wstring(L"a\0b", 3)}) {
        options.name = name;
        CHECK(code_of(install_provider(options)) == "ERROR_INVALID_PARAMETER");
    }
}

TEST_SUITE("wine winsock") {
    TEST_CASE("a catalog that keeps nothing is a clear error, and nothing is left behind") {
        InstallOptions options;
        options.dll = fake_provider_path();
        const auto before = enumerate_catalog();
        REQUIRE(before);
        const auto report = install_provider(options);
        REQUIRE_FALSE(report);
        CAPTURE(report.error().message);
        CHECK(report.error().code == "ERR_READBACK_MISMATCH");
        CHECK(contains(report.error().message, "does not hold what was written"));
        CHECK(contains(report.error().message, "Wine"));
        CHECK(contains(report.error().message, "The catalog is as it was before."));
        const auto after = enumerate_catalog();
        REQUIRE(after);
        CHECK(order_of(*after) == order_of(*before));
        const auto installed = is_installed();
        REQUIRE(installed);
        CHECK_FALSE(*installed);
    }

    TEST_CASE("removing what is not there changes nothing") {
        const auto report = remove_provider();
        REQUIRE_MESSAGE(report, message_of(report));
        CHECK_FALSE(report->changed);
        CHECK(report->entries.empty());
    }
}
