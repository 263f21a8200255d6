// The administrator's rules, as this program, provider_tests.exe, feels them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "other_process.hpp"
#include "provider/image_path.hpp"

using namespace test;

namespace {

// Where the target sees a connection come from, or the program's error.
std::string connected_from() {
    TcpTarget target(target_address);
    const Socket s = tcp();
    const int error = connect_to(s, target_address, target.port());
    return error == 0 ? target.accepted_from() : "error " + std::to_string(error);
}

const std::string refused = "error " + std::to_string(WSAEACCES);

struct Situation {
    const char* name;
    std::vector<std::string> rules;
    std::string seen;
};

const Situation situations[] = {
    {"a rule for all programs", {"source 11.22.33.44"}, physical_address},
    {"a rule for this program", {"app Provider_Tests.EXE source 11.22.33.44"}, physical_address},
    {"a rule for this program's path", {"app *\\provider_tests.exe source 11.22.33.44"}, physical_address},
    {"a rule for another program", {"app other.exe refuse"}, target_address},
    {"another program's rule does not stand in the way",
     {"app other.exe refuse", "app provider_tests.exe source 11.22.33.44"},
     physical_address},
    {"the first of two that match", {"app provider_tests.exe keep", "refuse"}, target_address},
    {"the first, though the second names a longer prefix",
     {"to 1.0.0.0/8 source 11.22.33.44", "to 1.2.3.4 refuse"},
     physical_address},
    {"the second, for the first names another network", {"to 1.2.4.0/24 source 11.22.33.44", "refuse"}, refused},
    {"an exception", {"to 1.2.3.0/24 except 1.2.3.4 refuse", "source 11.22.33.44"}, physical_address},
    {"another protocol", {"proto udp refuse"}, target_address},
    {"all ports", {"port 1-65535 refuse"}, refused},
    {"another port", {"port 1 refuse"}, target_address},
};

}  // namespace

TEST_SUITE_BEGIN("rules");

TEST_CASE("the first rule that matches program, destination and port decides") {
    for (const Situation& situation : situations) {
        CAPTURE(situation.name);
        const AdministratorRules rules(situation.rules);
        CHECK(connected_from() == situation.seen);
    }
    CHECK(connected_from() == target_address);
}

TEST_CASE("the last of many rules decides as the only one would") {
    std::vector<std::string> lines;
    for (int i = 0; i < 500; ++i)
        lines.push_back("to 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24 refuse");
    lines.push_back("to 1.2.3.4 source 11.22.33.44");
    const AdministratorRules rules(lines);
    CHECK(connected_from() == physical_address);
}

TEST_CASE("rules for other programs alone leave a program's sockets untouched") {
    const AdministratorRules rules({"app other.exe refuse", "app another.exe source 11.22.33.44"});
    const Recording recording;
    const Socket s = tcp();
    REQUIRE(bind_to(s, "0.0.0.0", 0) == 0);
    CHECK(recording.calls("bind").size() == 1);  // not deferred
}

TEST_CASE("`app` with a path matches however the program was started") {
    wchar_t path[MAX_PATH], short_path[MAX_PATH];
    REQUIRE(GetModuleFileNameW(nullptr, path, MAX_PATH) > 0);
    REQUIRE(GetLongPathNameW(path, path, MAX_PATH) > 0);
    REQUIRE(GetShortPathNameW(path, short_path, MAX_PATH) > 0);
    const std::wstring own = path;
    const std::wstring folder = own.substr(0, own.find_last_of(L'\\'));
    const std::string target = "connect " + std::string(target_address) + " ";

    TcpTarget open(target_address);
    const std::string to_target = target + std::to_string(open.port());
    const AdministratorRules rules({"app \"" + std::string(own.begin(), own.end()) + "\" refuse"});
    CHECK(std::wstring(short_path) != own);
    CHECK(run_program(own, to_target) == WSAEACCES);
    CHECK(run_program(short_path, to_target) == WSAEACCES);
    CHECK(run_program(L"\\\\?\\" + own, to_target) == WSAEACCES);
    // A drive letter (subst) and a junction would be two more; Wine makes neither.

    // The same program elsewhere is another one.
    const std::wstring elsewhere = folder + L"\\elsewhere.exe";
    REQUIRE(CopyFileW(own.c_str(), elsewhere.c_str(), FALSE));
    CHECK(run_program(elsewhere, to_target) == 0);
    DeleteFileW(elsewhere.c_str());
}

TEST_CASE("a program's path is the one that its file has, in whatever form the system tells it") {
    using namespace lsp::provider;
    std::vector<wchar_t> path(image_path_capacity), spare(image_path_capacity);
    const DWORD length = find_image_path(path.data(), spare.data());
    const std::wstring own(path.data(), length);
    CHECK(own.find(L'~') == std::wstring::npos);
    CHECK(own.ends_with(L"\\provider_tests.exe"));
    wchar_t short_path[MAX_PATH];
    REQUIRE(GetShortPathNameW(own.c_str(), short_path, MAX_PATH) > 0);
    REQUIRE(short_path != own);
    for (const std::wstring& form :
         {std::wstring(short_path), L"\\\\?\\" + own, L"\\\\?\\" + std::wstring(short_path)}) {
        std::copy(form.c_str(), form.c_str() + form.size() + 1, path.begin());
        const DWORD made = make_path_final(path.data(), static_cast<DWORD>(form.size()), spare.data());
        CHECK(std::wstring(path.data(), made) == own);
    }
    // A file that is gone meanwhile keeps the name that is known, without the prefix.
    const std::wstring gone = L"\\\\?\\" + own + L".gone";
    std::copy(gone.c_str(), gone.c_str() + gone.size() + 1, path.begin());
    const DWORD made = make_path_final(path.data(), static_cast<DWORD>(gone.size()), spare.data());
    CHECK(std::wstring(path.data(), made) == own + L".gone");
}

TEST_SUITE_END();
