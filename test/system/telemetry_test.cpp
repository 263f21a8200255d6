#include "system/telemetry.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "support.hpp"

using namespace lsp;
using namespace lsp::system;

namespace {

// The fake provider as a program has it loaded: what is written here, every process that maps the file sees.
class LoadedFake {
  public:
    LoadedFake() : module_(LoadLibraryW(fake_provider_path().c_str())) {
        REQUIRE(module_ != nullptr);
        using FakeTelemetry = TelemetrySection* (*)();
        section_ = reinterpret_cast<FakeTelemetry>(reinterpret_cast<void*>(GetProcAddress(module_, "FakeTelemetry")))();
    }
    ~LoadedFake() { FreeLibrary(module_); }
    LoadedFake(const LoadedFake&) = delete;
    LoadedFake& operator=(const LoadedFake&) = delete;
    TelemetrySection* operator->() const { return section_; }
    TelemetrySection& operator*() const { return *section_; }

  private:
    HMODULE module_;
    TelemetrySection* section_;
};

}  // namespace

TEST_CASE("counters and decisions are read from the section of a DLL that others have loaded") {
    const LoadedFake fake;
    const std::uint64_t before = fake->counters[3];
    fake->counters[3] = before + 1000;
    DecisionRecord record;
    record.process_id = 4711;
    record.protocol = static_cast<std::uint8_t>(Protocol::udp);
    record.family = static_cast<std::uint8_t>(Family::ipv4);
    std::memcpy(record.image, "a.exe", 5);
    append(*fake, record);
    const auto telemetry = read_telemetry(fake_provider_path());
    REQUIRE_MESSAGE(telemetry, message_of(telemetry));
    CHECK(telemetry->counters[3] == before + 1000);
    CHECK(telemetry->counters[13] == 113);
    REQUIRE_FALSE(telemetry->decisions.empty());
    CHECK(telemetry->decisions.back().process_id == 4711);
    CHECK(telemetry->decisions.back().image == "a.exe");
    fake->counters[3] = before;
}

TEST_CASE("a section that a program has scrambled is an error") {
    const LoadedFake fake;
    fake->magic += 1;
    CHECK(code_of(read_telemetry(fake_provider_path())) == "ERR_BAD_TELEMETRY");
    fake->magic -= 1;
    fake->version += 1;
    CHECK(code_of(read_telemetry(fake_provider_path())) == "ERR_BAD_TELEMETRY");
    fake->version -= 1;
    CHECK(read_telemetry(fake_provider_path()));
}

TEST_CASE("telemetry of what is not our DLL is an error") {
    wchar_t folder[MAX_PATH];
    GetSystemDirectoryW(folder, MAX_PATH);
    CHECK(code_of(read_telemetry(std::wstring(folder) + L"\\version.dll")) == "ERR_NOT_A_PROVIDER");
    CHECK(code_of(read_telemetry(write_temporary(L"text.dll", {'t', 'e', 'x', 't'}))) == "ERR_NOT_A_PROVIDER");
    CHECK(code_of(read_telemetry(own_folder() + L"\\none.dll")) == "ERROR_FILE_NOT_FOUND");
}
