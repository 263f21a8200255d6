// An older version in the place of a newer one; and what of the administrator's stays when the LSP is removed.
#include <doctest/doctest.h>

#include <cstring>

#include "../system/support.hpp"
#include "fresh_catalog.hpp"
#include "setup/pe_image.hpp"
#include "setup/tunnels/policy_store_write.hpp"

namespace {

std::vector<unsigned char> provider_of_version(unsigned short major, unsigned short minor) {
    std::vector<unsigned char> bytes = bytes_of(fake_provider_path());
    const unsigned char signature[] = {0xBD, 0x04, 0xEF, 0xFE};
    auto at = std::search(bytes.begin(), bytes.end(), std::begin(signature), std::end(signature));
    REQUIRE(at != bytes.end());
    const std::uint32_t high = std::uint32_t{major} << 16 | minor, low = 0;
    std::memcpy(&*at + 8, &high, sizeof(high));
    std::memcpy(&*at + 12, &low, sizeof(low));
    return bytes;
}

InstallOptions install_options(const wchar_t* name, unsigned short major, unsigned short minor) {
    InstallOptions options;
    options.dll = write_temporary(name, provider_of_version(major, minor));
    return options;
}

}  // namespace

TEST_CASE("a DLL's version is read from its file") {
    PeImage image;
    REQUIRE(parse_pe(bytes_of(fake_provider_path()), image));
    CHECK(image.version == 0x0000'0001'0000'0000);
    REQUIRE(parse_pe(provider_of_version(3, 14), image));
    CHECK(image.version == 0x0003'000E'0000'0000);
    CHECK(version_text(image.version) == "3.14.0");
    CHECK(version_text(0x0001'0002'0003'0004) == "1.2.3.4");
    REQUIRE(parse_pe(bytes_of(own_path()), image));
    CHECK(image.version == 0);  // it has no version resource
}

TEST_SUITE("test winsock") {
    TEST_CASE("an older version does not take the place of a newer one unless that is meant") {
        const FreshCatalog fresh;
        FreshCatalog::install_well(install_options(L"new.dll", 0, 9));
        const auto before = FreshCatalog::entries();
        InstallOptions older = install_options(L"old.dll", 0, 8);
        for (const Error& error : {install_provider(older).error(), plan_install(older).error(),
                                   check_sources({older.dll}, SourceTrust::judge, false).error()}) {
            CHECK(error.code == "ERR_DOWNGRADE");
            CHECK(contains(error.message, "it is version 0.8.0"));
            CHECK(contains(error.message, "is version 0.9.0"));
            CHECK(contains(error.message, "--downgrade"));
        }
        FreshCatalog::check_same(FreshCatalog::entries(), before);
        CHECK(check_sources({older.dll}, SourceTrust::judge, true));
        older.downgrade = true;
        CHECK(plan_install(older));
        CHECK(FreshCatalog::install_well(older).changed);
        CHECK(FreshCatalog::install_well(install_options(L"same.dll", 0, 8)).changed);
        CHECK(FreshCatalog::install_well(install_options(L"new.dll", 0, 9)).changed);
    }

    TEST_CASE("what is registered and gone, or has no version, is in nobody's way") {
        const FreshCatalog fresh;
        const InstallOptions newer = install_options(L"new.dll", 0, 9);
        FreshCatalog::install_well(newer);
        REQUIRE(DeleteFileW(newer.dll.c_str()));
        CHECK(FreshCatalog::install_well(install_options(L"old.dll", 0, 8)).changed);
    }

    TEST_CASE("a removal counts the rules that stay, and takes them where it is told to") {
        const FreshCatalog fresh;
        REQUIRE(write_policy({"# why", "", "to 192.0.2.0/24 keep", "to 198.51.100.0/24 refuse"}));
        const auto written = read_policy()->lines;
        FreshCatalog::install_well(FreshCatalog::options());
        auto report = remove_provider();
        REQUIRE_MESSAGE(report, message_of(report));
        CHECK(report->changed);
        CHECK(report->rules == 2);
        CHECK_FALSE(report->purged);
        CHECK(read_policy()->lines == written);
        RemoveOptions options;
        options.purge = true;
        report = remove_provider(options);
        REQUIRE_MESSAGE(report, message_of(report));
        CHECK_FALSE(report->changed);
        CHECK(report->rules == 2);
        CHECK(report->purged);
        CHECK(read_policy()->lines.empty());
        CHECK(remove_provider()->rules == 0);
    }
}
