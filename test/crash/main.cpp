// crash_tests <folder> <node.exe and script, or "-"> <part> <of>
//                       interrupts every <of>th operation, from <part> on (from 0): a line of JSON for each
// crash_tests exchange  a fresh program: sockets over loopback; exit code 0 if they work
// crash_tests run <folder> <n>
//                       carries operation n out; exit code 0 if that went well
//
// <folder> has the DLLs: winsock-lsp.dll, ia32.dll, newer.dll, newer32.dll, other.dll, other32.dll. <n> counts from 0.
#include <cstdio>
#include <set>
#include <string>

#include "backups.hpp"
#include "exchange.hpp"
#include "points.hpp"
#include "programs.hpp"
#include "setup/load_trial.hpp"
#include "system/text.hpp"

using lsp::system::concat;

namespace {

constexpr unsigned long killed_code = 99;  // of a process that the test Winsock has killed

Paths paths_in(const std::wstring& folder) {
    return {folder + L"\\winsock-lsp.dll", folder + L"\\ia32.dll",  folder + L"\\newer.dll",
            folder + L"\\newer32.dll",     folder + L"\\other.dll", folder + L"\\other32.dll"};
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + '"';
}

void print(const Operation& operation, const Report& report, unsigned long milliseconds) {
    std::string points, failures;
    for (const auto& [kind, number] : report.points) {
        points += concat({points.empty() ? "" : ", ", quoted(kind), ": ", number});
    }
    for (const std::string& failure : report.failures) {
        failures += concat({failures.empty() ? "" : ", ", quoted(failure)});
    }
    std::printf(
        "{\"operation\": %s, \"both\": %s, \"points\": {%s}, \"states\": %u, \"milliseconds\": %lu, \"failures\": "
        "[%s]}\n",
        quoted(operation.name).c_str(), operation.both ? "true" : "false", points.c_str(), report.states, milliseconds,
        failures.c_str());
    std::fflush(stdout);
}

}  // namespace

int wmain(int count, wchar_t** arguments) {
    const std::wstring command = count > 1 ? arguments[1] : L"";
    if (command == L"exchange") return exchange();
    if (count < 3 || !find_test_winsock()) return 2;
    // The DLLs stand for themselves here, the 32-bit ones by their header only, and are registered thousands of times.
    lsp::setup::set_trial(
        [](const std::wstring&, lsp::setup::Architecture) -> lsp::setup::Outcome { return lsp::system::Done{}; });
    const bool runs = command == L"run";
    redirect_backups(arguments[runs ? 2 : 1]);
    if (runs) {
        const auto all = operations(paths_in(arguments[2]));
        const std::size_t index = count > 3 ? std::wcstoul(arguments[3], nullptr, 10) : all.size();
        return index < all.size() && all[index].run() ? 0 : 1;
    }

    const Paths paths = paths_in(command);
    wchar_t own[MAX_PATH];
    const std::wstring self = L"\"" + std::wstring(own, GetModuleFileNameW(nullptr, own, MAX_PATH)) + L"\" ";
    const std::wstring node = arguments[2] == std::wstring(L"-") ? L"" : arguments[2];
    unsigned programs = 0;
    const TryPrograms try_programs = [&](const Bytes& catalogs) -> std::string {
        keep_in_memory(false);
        load_catalogs(catalogs);
        ++programs;
        std::string wrong;
        if (const unsigned long code = run_program(self + L"exchange")) {
            wrong = concat({"a fresh program cannot use sockets (", code, ")"});
        } else if (!node.empty()) {
            if (const unsigned long ended = run_program(node)) wrong = concat({"node.exe ended with ", ended});
        }
        keep_in_memory(true);
        return wrong;
    };

    std::size_t current = 0;
    unsigned survived = 0;
    const RunElsewhere elsewhere = [&](const Bytes& catalogs, const std::wstring& variable) {
        load_catalogs(catalogs);
        const std::wstring line = self + L"run \"" + command + L"\" " + std::to_wstring(current);
        if (run_program(line, {variable}) != killed_code) ++survived;
    };

    std::set<std::string> known;
    const auto all = operations(paths);
    const std::size_t part = count > 4 ? std::wcstoul(arguments[3], nullptr, 10) : 0;
    const std::size_t parts = count > 4 ? std::wcstoul(arguments[4], nullptr, 10) : 1;
    const unsigned most_calls = count > 5 ? std::wcstoul(arguments[5], nullptr, 10) : 80;
    for (std::size_t i = part; parts > 0 && i < all.size(); i += parts) {
        current = i;
        const DWORD started = GetTickCount();
        const Report report = interrupt_everywhere(all[i], paths, try_programs, elsewhere, known, most_calls);
        print(all[i], report, GetTickCount() - started);
    }
    std::printf("{\"programs\": %u, \"survived\": %u}\n", programs, survived);
    return survived == 0 ? 0 : 1;
}
