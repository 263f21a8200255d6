// crash_tests <folder> <node.exe and script, or "-"> <part> <of> [<points>]
//                       interrupts every <of>th operation, from <part> on (from 0): a line of JSON for each; <points>:
//                       of the calls that only read, and of the registry's writes, about so many
// crash_tests machines <folder> <part> <of> <changes> <reads>
//                       the same on the machines whose catalogs are <folder>\\*.catalog, every <of>th of them: of each
//                       operation that many calls that change something, and that many that do not
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
#include "machines.hpp"
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

std::string list_of(const std::vector<std::string>& sentences) {
    std::string list;
    for (const std::string& sentence : sentences) list += concat({list.empty() ? "" : ", ", quoted(sentence)});
    return list;
}

void print(const std::string& machine, const std::vector<std::string>& wrong) {
    std::printf("{\"machine\": %s, \"undisturbed\": [%s]}\n", quoted(machine).c_str(), list_of(wrong).c_str());
    std::fflush(stdout);
}

void print(const std::string& machine, const Operation& operation, const Report& report, unsigned long milliseconds) {
    std::string points;
    for (const auto& [kind, number] : report.points) {
        points += concat({points.empty() ? "" : ", ", quoted(kind), ": ", number});
    }
    std::printf(
        "{\"machine\": %s, \"operation\": %s, \"both\": %s, \"points\": {%s}, \"states\": %u, \"milliseconds\": %lu, "
        "\"failures\": "
        "[%s]}\n",
        quoted(machine).c_str(), quoted(operation.name).c_str(), operation.both ? "true" : "false", points.c_str(),
        report.states, milliseconds, list_of(report.failures).c_str());
    std::fflush(stdout);
}

// Numbers that come after the folder; `missing` for those that do not.
unsigned number_of(wchar_t** arguments, int count, int index, unsigned missing) {
    return index < count ? static_cast<unsigned>(std::wcstoul(arguments[index], nullptr, 10)) : missing;
}

}  // namespace

int wmain(int count, wchar_t** arguments) {
    const std::wstring command = count > 1 ? arguments[1] : L"";
    if (command == L"exchange") return exchange();
    if (count < 3 || !find_test_winsock()) return 2;
    // The DLLs stand for themselves here, the 32-bit ones by their header only, and are registered thousands of times.
    lsp::setup::set_trial(
        [](const std::wstring&, lsp::setup::Architecture) -> lsp::setup::Outcome { return lsp::system::Done{}; });
    const bool on_machines = command == L"machines";
    const bool runs = command == L"run";
    const std::wstring folder = on_machines || runs ? arguments[2] : command;
    const Paths paths = paths_in(folder);
    redirect_backups(folder);
    if (runs) {
        const auto all = operations(paths);
        const std::size_t index = number_of(arguments, count, 3, static_cast<unsigned>(all.size()));
        return index < all.size() && all[index].run() ? 0 : 1;
    }

    wchar_t own[MAX_PATH];
    const std::wstring self = L"\"" + std::wstring(own, GetModuleFileNameW(nullptr, own, MAX_PATH)) + L"\" ";
    const std::wstring node = on_machines || arguments[2] == std::wstring(L"-") ? L"" : arguments[2];
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
        const std::wstring line = self + L"run \"" + folder + L"\" " + std::to_wstring(current);
        if (run_program(line, {variable}) != killed_code) ++survived;
    };

    std::set<std::string> known;
    const unsigned part = number_of(arguments, count, 3, 0);
    const unsigned parts = number_of(arguments, count, 4, 1);
    if (parts == 0) return 2;
    if (on_machines) {
        Effort effort;
        const bool everything = count > 5 && arguments[5] == std::wstring(L"all");
        effort.reads = everything ? 80 : 2;
        effort.changes = everything ? Effort::all : 2;
        effort.tears = everything ? Effort::all : 4;
        effort.programs = everything ? Effort::all : 1;
        effort.registry = false;
        keep_in_memory(true);
        const auto machines = machines_in(folder);
        for (std::size_t i = part; i < machines.size(); i += parts) {
            const Machine& machine = machines[i];
            print(machine.name, examine_machine(machine, paths));
            const Ground ground{machine.catalogs, try_programs(machine.catalogs).empty()};
            for (const Operation& operation : operations_on(machine, paths, everything)) {
                const DWORD started = GetTickCount();
                const Report report =
                    interrupt_everywhere(operation, paths, ground, try_programs, elsewhere, known, effort);
                print(machine.name, operation, report, GetTickCount() - started);
            }
        }
    } else {
        Effort effort;
        effort.reads = number_of(arguments, count, 5, effort.reads);
        effort.writes = number_of(arguments, count, 5, effort.writes);
        const auto all = operations(paths);
        for (std::size_t i = part; i < all.size(); i += parts) {
            current = i;
            const DWORD started = GetTickCount();
            const Report report = interrupt_everywhere(all[i], paths, {}, try_programs, elsewhere, known, effort);
            print("a fresh Windows", all[i], report, GetTickCount() - started);
        }
    }
    std::printf("{\"programs\": %u, \"survived\": %u}\n", programs, survived);
    return survived == 0 ? 0 : 1;
}
