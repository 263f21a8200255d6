#include "system/telemetry.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace lsp;
using namespace lsp::system;

namespace {

// The fake provider as a program has it loaded: what is written here, every process that maps the file sees.
class LoadedFake {
  public:
    LoadedFake() : module_(LoadLibraryW(fake_provider_path().c_str())) {
        REQUIRE(module_ != nullptr);
        using FakeTelemetry = CounterSection* (*)();
        section_ = reinterpret_cast<FakeTelemetry>(reinterpret_cast<void*>(GetProcAddress(module_, "FakeTelemetry")))();
    }
    ~LoadedFake() { FreeLibrary(module_); }
    LoadedFake(const LoadedFake&) = delete;
    LoadedFake& operator=(const LoadedFake&) = delete;
    CounterSection* operator->() const { return section_; }
    CounterSection& operator*() const { return *section_; }

  private:
    HMODULE module_;
    CounterSection* section_;
};

}  // namespace

TEST_CASE("counters are read from the section of a DLL that others have loaded") {
    const LoadedFake fake;
    const std::uint64_t before = fake->others[3];
    fake->others[3] = before + 1000;
    const ImageName image = "a.exe";
    ProcessCounts* const place =
        take_place(*fake, {4711 * 4, 1}, image, [](const ProcessIdentity&) noexcept { return true; });
    REQUIRE(place != nullptr);
    place->counts[3] = 10;
    const auto counters = read_telemetry(fake_provider_path());
    REQUIRE_MESSAGE(counters, message_of(counters));
    CHECK(counters->total[3] == before + 1010);
    CHECK(counters->total[13] == 113);
    REQUIRE(counters->processes.size() == 1);
    CHECK(counters->processes[0].process.process_id == 4711 * 4);
    CHECK(counters->processes[0].image == "a.exe");
    CHECK(counters->processes[0].counts[3] == 10);
    place->counts[3] = 0;
    leave_place(*fake, *place, 4711 * 4);
    fake->others[3] = before;
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
