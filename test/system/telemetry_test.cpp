#include "system/telemetry.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace lsp::system;

TEST_CASE("counters are read from the DLL's section") {
    SetEnvironmentVariableW(L"FAKE_TELEMETRY", nullptr);
    const auto values = read_counters(fake_provider_path());
    REQUIRE_MESSAGE(values, message_of(values));
    for (std::size_t i = 0; i < values->size(); ++i) CHECK(values->at(i) == 100 + i);
}

TEST_CASE("counters of what is not ours are an error") {
    for (const wchar_t* kind : {L"null", L"magic", L"version"}) {
        SetEnvironmentVariableW(L"FAKE_TELEMETRY", kind);
        CHECK(code_of(read_counters(fake_provider_path())) == "ERR_BAD_TELEMETRY");
    }
    CHECK(code_of(read_counters(L"version.dll")) == "ERR_NOT_A_PROVIDER");
    CHECK(code_of(read_counters(own_folder() + L"\\none.dll")) == "ERROR_MOD_NOT_FOUND");
}
