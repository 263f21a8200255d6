#include "core/telemetry_layout.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("every counter has a name of its own") {
    std::set<std::string> names;
    for (std::uint32_t i = 0; i < lsp::counter_count; ++i) {
        const std::string name = lsp::to_string(static_cast<lsp::Counter>(i));
        CHECK(name != "unknown");
        CHECK(names.insert(name).second);
    }
    CHECK(names.count("decided_keep") == 1);
    CHECK(std::string(lsp::to_string(lsp::Counter::count_)) == "unknown");
    CHECK(std::string(lsp::to_string(static_cast<lsp::Counter>(UINT32_MAX))) == "unknown");
}
