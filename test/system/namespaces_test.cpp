#include "setup/namespaces.hpp"

#include <doctest/doctest.h>

#include "catalog_support.hpp"
#include "support.hpp"
#include "system/catalog_functions.hpp"
#include "system/guid.hpp"

using namespace lsp::setup;
using namespace lsp::system;

TEST_CASE("a GUID as the registry writes it, and back") {
    const std::string text = "{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}";
    CHECK(guid_text(base_guid) == text);
    REQUIRE(parse_guid(text));
    CHECK(InlineIsEqualGUID(*parse_guid(text), base_guid));
    CHECK(parse_guid("{e70f1aa0-ab8b-11cf-8ca3-00805f48a192}"));
    for (const char* bad : {"", "{}", "E70F1AA0-AB8B-11CF-8CA3-00805F48A192", "{E70F1AA0-AB8B-11CF-8CA3-00805F48A19}",
                            "{E70F1AA0-AB8B-11CF-8CA3-00805F48A192} ", "{G70F1AA0-AB8B-11CF-8CA3-00805F48A192}",
                            "{E70F1AA0+AB8B-11CF-8CA3-00805F48A192}"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_guid(bad));
    }
}

TEST_SUITE("test winsock") {
    TEST_CASE("namespace providers: names from Windows, paths from the registry, of either catalog") {
        for (const Architecture architecture : {Architecture::x64, Architecture::ia32}) {
            if (!has_catalog(architecture)) continue;
            const auto providers = enumerate_namespaces(architecture);
            REQUIRE_MESSAGE(providers, message_of(providers));
            REQUIRE(providers->size() == 6);
            const NamespaceProvider& tcpip = (*providers)[4];
            CHECK(tcpip.name == L"Tcpip");
            CHECK(tcpip.identifier == L"@%SystemRoot%\\system32\\wshtcpip.dll,-60103");
            CHECK(tcpip.path == L"%SystemRoot%\\System32\\mswsock.dll");
            CHECK(tcpip.name_space == NS_DNS);
            CHECK(tcpip.active);
        }
    }
}
