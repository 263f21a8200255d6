// The test Winsock's catalog with nothing but base providers, and what tests do to it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "../system/catalog_support.hpp"
#include "../system/support.hpp"
#include "setup/catalog_changes.hpp"
#include "setup/catalog_plan.hpp"
#include "setup/plan.hpp"
#include "system/catalog_functions.hpp"

using namespace lsp::setup;

// A catalog with nothing but base providers, before and after.
struct FreshCatalog {
    FreshCatalog() { reset(); }
    ~FreshCatalog() { reset(); }
    FreshCatalog(const FreshCatalog&) = delete;
    FreshCatalog& operator=(const FreshCatalog&) = delete;

    static std::vector<Architecture> architectures() {
        std::vector<Architecture> result = {native_architecture};
        if (native_architecture == Architecture::x64 && has_catalog(Architecture::ia32))
            result.push_back(Architecture::ia32);
        return result;
    }
    static void reset() {
        for (const Architecture architecture : architectures()) {
            for (const CatalogEntry& entry : entries(architecture)) {
                if (!entry.is_base()) deinstall(architecture, entry.info.ProviderId);
            }
            std::vector<DWORD> order = order_of(entries(architecture));
            std::sort(order.begin(), order.end());
            write_order(architecture, order);
        }
        REQUIRE(remember_over(Over{}));
    }
    static Catalog entries(Architecture architecture = native_architecture) {
        auto catalog = enumerate_catalog(architecture);
        REQUIRE_MESSAGE(catalog, message_of(catalog));
        return std::move(*catalog);
    }
    static std::vector<DWORD> ids(Architecture architecture = native_architecture) {
        return order_of(entries(architecture));
    }
    static std::size_t count_ours(Architecture architecture = native_architecture) {
        const Catalog catalog = entries(architecture);
        return static_cast<std::size_t>(
            std::count_if(catalog.begin(), catalog.end(), [](const CatalogEntry& entry) { return entry.ours; }));
    }

    static InstallOptions options() {
        InstallOptions result;
        result.dll = fake_provider_path();
        return result;
    }
    static InstallOptions both() {
        InstallOptions result = options();
        result.dll32 = write_temporary(L"fake32.dll", provider_for_machine(IMAGE_FILE_MACHINE_I386));
        return result;
    }
    static InstallReport install_well(const InstallOptions& what) {
        auto report = install_provider(what);
        REQUIRE_MESSAGE(report, message_of(report));
        return *report;
    }

    // Another layered provider: a chain for TCP of these ids below its own, put first. Gives the chain's id.
    static DWORD add_other(std::vector<DWORD> below) {
        REQUIRE(install(other_guid, L"C:\\other.dll", {make_entry(0, L"other", tcp4, other_guid, {}, true).info}) == 0);
        const DWORD layered = entries().back().info.dwCatalogEntryId;
        below.insert(below.begin(), layered);
        REQUIRE(install(other_chain_guid, L"C:\\other.dll",
                        {make_entry(0, L"other over TCP", tcp4, other_chain_guid, below).info}) == 0);
        std::vector<DWORD> order = ids();
        std::rotate(order.begin(), order.end() - 1, order.end());
        REQUIRE(write_order(native_architecture, order) == 0);
        return order.front();
    }
    // The entries are the same but for their ids, which Windows gives anew to those that were made again.
    static void check_same(const Catalog& now, const Catalog& before) {
        REQUIRE(now.size() == before.size());
        for (std::size_t i = 0; i < now.size(); ++i) {
            CHECK(InlineIsEqualGUID(now[i].info.ProviderId, before[i].info.ProviderId));
            CHECK(now[i].ours == before[i].ours);
            CHECK(now[i].path == before[i].path);
            CHECK(std::wstring(now[i].info.szProtocol) == before[i].info.szProtocol);
        }
    }
    static DWORD base_tcp() {
        for (const CatalogEntry& entry : entries()) {
            if (entry.is_base() && entry.info.iAddressFamily == AF_INET && entry.info.iSocketType == SOCK_STREAM) {
                return entry.info.dwCatalogEntryId;
            }
        }
        return 0;
    }
};
