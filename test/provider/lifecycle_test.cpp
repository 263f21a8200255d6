#include <doctest/doctest.h>
#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <string>

#include "children.hpp"
#include "fixture.hpp"

using namespace test;

namespace {

// The exit code, or a text that says why there is none.
std::string end_of(const Child& child, DWORD patience_ms) {
    wchar_t self[MAX_PATH];
    GetModuleFileNameW(nullptr, self, MAX_PATH);
    std::wstring command = L"\"" + std::wstring(self) + L"\" child \"";
    for (const char* c = child.name; *c != 0; ++c) command += static_cast<wchar_t>(*c);
    command += L"\"";

    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    // Wine says ERROR_INTERNAL_ERROR now and then on a busy machine.
    for (int attempt = 0; attempt < 3 && process.hProcess == nullptr; ++attempt) {
        CreateProcessW(self, command.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup, &process);
    }
    if (process.hProcess == nullptr) {
        return "not started: " + std::to_string(GetLastError());
    }
    const bool ended = WaitForSingleObject(process.hProcess, patience_ms) == WAIT_OBJECT_0;
    DWORD code = 0;
    GetExitCodeProcess(process.hProcess, &code);
    if (!ended) TerminateProcess(process.hProcess, 1);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return ended ? std::to_string(code) : "did not end";
}

}  // namespace

TEST_SUITE_BEGIN("lifecycle");

TEST_CASE("a process lives and ends as it wants to, under a published tunnel and without one") {
    for (const bool tunnelled : {false, true}) {
        CAPTURE(tunnelled);
        const auto run_all = [] {
            for (const Child& child : children) {
                CAPTURE(std::string(child.name));
                CHECK(end_of(child, 30'000) == std::to_string(child_succeeded));
            }
        };
        if (!tunnelled) {
            run_all();
            continue;
        }
        const PublishedTunnel tunnel;
        run_all();
    }
}

TEST_SUITE_END();
