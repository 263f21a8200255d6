#include "setup/backup.hpp"

#include <doctest/doctest.h>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/files.hpp"

using namespace lsp::setup;

TEST_CASE("the backup is a complete readable dump of both catalogs") {
    const Catalog native = {make_entry(1, L"TCP \"quoted\" \\ \x1", tcp4, base_guid),
                            make_entry(11, L"chain", tcp4, other_guid, {10, 1})};
    const Catalog empty;
    SYSTEMTIME time{};
    time.wYear = 2026;
    time.wMonth = 1;
    time.wDay = 2;
    time.wHour = 3;
    const std::string json = catalog_json({{Architecture::x64, &native}, {Architecture::ia32, &empty}}, time);
    for (const char* part : {
             "\"created\": \"2026-01-02T03:00:00Z\"",
             "\"architecture\": \"x64\"",
             "\"architecture\": \"ia32\",\n      \"entries\": []",
             "\"order\": 2",
             "\"id\": 11",
             "\"name\": \"TCP \\\"quoted\\\" \\\\ \\u0001\"",
             "\"provider\": \"{E70F1AA0-AB8B-11CF-8CA3-00805F48A192}\"",
             "\"path\": \"%SystemRoot%\\\\system32\\\\mswsock.dll\"",
             "\"chain\": [10, 1]",
             "\"serviceFlags1\": 131072",
             "\"addressFamily\": 2",
         }) {
        CAPTURE(part);
        CHECK(contains(json, part));
    }
}

TEST_CASE("backups are written beside one another, never over one another") {
    const Catalog catalog = {make_entry(1, L"TCP", tcp4, base_guid)};
    const auto first = write_backup({{native_architecture, &catalog}});
    const auto second = write_backup({{native_architecture, &catalog}});
    REQUIRE_MESSAGE(first, message_of(first));
    REQUIRE_MESSAGE(second, message_of(second));
    CHECK(*first != *second);
    CHECK(file_exists(*first));
    CHECK(first->find(L"\\winsock-lsp\\backup\\catalog-2") != std::wstring::npos);
    DeleteFileW(first->c_str());
    DeleteFileW(second->c_str());
}
