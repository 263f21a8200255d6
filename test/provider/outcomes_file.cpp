#include "outcomes_file.hpp"

#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "hostile_situations.hpp"

namespace test {

namespace {

constexpr DWORD patience_ms = 300'000;
constexpr DWORD all_done = 0;
// Wine does not always survive its faults long enough to tell of them, and fails to start one of hundreds of processes.
constexpr int most_unexpected_ends = 10;
constexpr DWORD ended_by_wine = 7;  // at a situation after which there may be no other

std::string outcomes_path() {
    const char* const path = std::getenv("TEST_OUTCOMES_WITHOUT");
    return path == nullptr ? "" : path;
}

DWORD run_child() {
    wchar_t self[MAX_PATH];
    GetModuleFileNameW(nullptr, self, MAX_PATH);
    std::wstring command = L"\"" + std::wstring(self) + L"\" --test-suite=outcomes --no-version --minimal";
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    DWORD code = GetLastError();
    // Wine says ERROR_INTERNAL_ERROR now and then on a busy machine.
    for (int attempt = 0; attempt < 3 && process.hProcess == nullptr; ++attempt) {
        CreateProcessW(self, command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process);
    }
    if (process.hProcess == nullptr) return GetLastError();
    if (WaitForSingleObject(process.hProcess, patience_ms) != WAIT_OBJECT_0) TerminateProcess(process.hProcess, 1);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_outcomes() {
    std::vector<std::pair<std::string, std::string>> outcomes;
    std::ifstream file(outcomes_path(), std::ios::binary);
    for (std::string line; std::getline(file, line);) {
        const std::size_t tab = line.find('\t');
        if (tab != std::string::npos) outcomes.emplace_back(line.substr(0, tab), line.substr(tab + 1));
    }
    return outcomes;
}

bool write_outcomes_in_children() {
    std::ofstream(outcomes_path(), std::ios::binary);
    for (int unexpected = 0; unexpected <= most_unexpected_ends;) {
        const DWORD code = run_child();
        if (code == all_done) return true;
        if (code == ended_by_wine) continue;
        ++unexpected;
        std::printf("a process ended with code %lu after %zu situations\n", code, read_outcomes().size());
    }
    return false;
}

bool go_on_with_outcomes() {
    Situations all = bad_arguments();
    for (Situation& each : foreign_handles()) all.push_back(std::move(each));
    const std::size_t done = read_outcomes().size();
    std::ofstream file(outcomes_path(), std::ios::binary | std::ios::app);
    for (std::size_t i = done; i < all.size(); ++i) {
        const std::string outcome = all[i].outcome();
        file << all[i].name << '\t' << outcome << std::endl;  // at once: it may be the last that this process writes
        if (is_fatal(outcome)) TerminateProcess(GetCurrentProcess(), ended_by_wine);
    }
    return file.good();
}

}  // namespace test
