// Whether Windows loads a DLL, found out in a process of its own before it is registered. Here Wine's regsvr32 does it.
#include "setup/load_trial.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "../system/support.hpp"
#include "fresh_catalog.hpp"
#include "setup/cancel.hpp"
#include "setup/files.hpp"

namespace {

// Trials are made as long as it lives; main.cpp has them left out.
struct RealTrials {
    RealTrials() : before(trial()) { set_trial(nullptr); }
    ~RealTrials() { set_trial(before); }
    Trial before;
};

// The fake provider, which asks for a DLL that no machine has.
std::wstring with_missing_import(const wchar_t* name) {
    std::vector<unsigned char> bytes = bytes_of(fake_provider_path());
    const std::string import = "KERNEL32.dll";
    std::size_t found = 0;
    for (auto at = bytes.begin(); (at = std::search(at, bytes.end(), import.begin(), import.end())) != bytes.end();) {
        *at = 'X';
        ++found;
    }
    REQUIRE(found > 0);
    return write_temporary(name, bytes);
}

}  // namespace

TEST_CASE("what regsvr32's exit code says of the DLL") {
    const struct {
        DWORD code;
        TrialAnswer answer;
    } situations[] = {
        {0, TrialAnswer::loads},             // it has a DllRegisterServer
        {4, TrialAnswer::loads},             // it has none, as ours
        {5, TrialAnswer::loads},             // its DllRegisterServer failed
        {3, TrialAnswer::refused},           // LoadLibrary failed
        {1, TrialAnswer::unknown},           // regsvr32 did not understand its arguments
        {2, TrialAnswer::unknown},           // OleInitialize failed
        {0xC0000005, TrialAnswer::refused},  // it crashed
        {0xC0000409, TrialAnswer::refused},
        {0xC0000135, TrialAnswer::unknown},  // regsvr32 itself did not start
        {0xC0000142, TrialAnswer::unknown},
        {0xC000007B, TrialAnswer::unknown},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.code);
        CHECK(trial_answer(situation.code) == situation.answer);
    }
}

TEST_CASE("a DLL that loads is told from one that does not, and from what cannot be found out") {
    const Outcome good = try_to_load(fake_provider_path(), native_architecture);
    CHECK_MESSAGE(good, message_of(good));
    const Outcome bad = try_to_load(with_missing_import(L"unloadable.dll"), native_architecture);
    CHECK(code_of(bad) == "ERR_DLL_REFUSED");
    CHECK(contains(message_of(bad), "unloadable.dll"));
    CHECK(contains(message_of(bad), "regsvr32 could not load it"));
    CHECK(contains(message_of(bad), "CodeIntegrity"));
    CHECK(contains(message_of(bad), "Nothing was changed."));
    CHECK(try_to_load(L"C:\\a\"b.dll", native_architecture));
}

TEST_CASE("a trial is limited in time, and can be called off") {
    set_trial_patience(1);
    const Outcome late = try_to_load(fake_provider_path(), native_architecture);
    set_trial_patience(0);
    CHECK(code_of(late) == "ERR_DLL_REFUSED");
    CHECK(contains(message_of(late), "had not come to its end after 1 ms"));
    const std::atomic<bool> flag{true};
    const CancelScope scope(&flag);
    CHECK(code_of(try_to_load(fake_provider_path(), native_architecture)) == "ERR_ABORTED");
}

TEST_SUITE("test winsock") {
    TEST_CASE("a DLL that does not load is not registered, and the catalog stays as it was") {
        const FreshCatalog fresh;
        const RealTrials real;
        const auto before = FreshCatalog::entries();
        InstallOptions options;
        options.dll = with_missing_import(L"unloadable.dll");
        const auto refused = install_provider(options);
        CHECK(code_of(refused) == "ERR_DLL_REFUSED");
        FreshCatalog::check_same(FreshCatalog::entries(), before);
        CHECK_FALSE(remembered_over());

        // Nor does it take the place of one that loads.
        FreshCatalog::install_well(FreshCatalog::options());
        const auto installed = FreshCatalog::entries();
        CHECK(code_of(install_provider(options)) == "ERR_DLL_REFUSED");
        FreshCatalog::check_same(FreshCatalog::entries(), installed);
        // Where nothing is to be put in, nothing is tried.
        set_trial_patience(1);
        CHECK_FALSE(FreshCatalog::install_well(FreshCatalog::options()).changed);
        set_trial_patience(0);
    }
}
