// lsp-selftest.exe: the suite of test/vm for a Windows on which node.exe does not run. It needs nothing but itself and
// the DLLs beside it. Elevated:
//
//   lsp-selftest --target ADDRESS --source ADDRESS [--dll FILE] [--com COM1]
//
// Both addresses are the host's own. It installs the provider, looks at the catalog and for faults, runs every socket
// path through the catalog in processes of their own, without a rule and with one that names the source, publishes a
// tunnel and sees the host model switched, removes the provider, and compares the catalog with what it was. Exit codes:
// 0 all passed; 1 not; 2 wrong usage.
#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "setup/doctor.hpp"
#include "setup/setup.hpp"
#include "setup/tunnels/host_model.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "setup/tunnels/tunnels.hpp"
#include "socket_paths.hpp"
#include "system/interfaces.hpp"
#include "system/text.hpp"
#include "tap.hpp"

namespace {

using namespace lsp::setup;
using namespace lsp::system;
using selftest::Tap;
using Options = std::map<std::string, std::string>;

std::wstring own_path() {
    wchar_t path[MAX_PATH] = {};
    GetModuleFileNameW(nullptr, path, MAX_PATH);
    return path;
}

std::wstring beside(const wchar_t* name) {
    const std::wstring path = own_path();
    return path.substr(0, path.rfind(L'\\') + 1) + name;
}

bool exists(const std::wstring& path) { return GetFileAttributesW(path.c_str()) != INVALID_FILE_ATTRIBUTES; }

// Both catalogs, as values that can be compared. Empty for one that this process does not see.
std::vector<std::string> catalog_text() {
    std::vector<std::string> lines;
    for (const Architecture architecture : {Architecture::x64, Architecture::ia32}) {
        const auto catalog = enumerate_catalog(architecture);
        if (!catalog) continue;
        for (const CatalogEntry& entry : *catalog) {
            lines.push_back(std::string(reinterpret_cast<const char*>(&entry.info), sizeof(entry.info)) +
                            narrow(entry.path));
        }
    }
    return lines;
}

// Runs this program again, whose Winsock then reads the catalog anew, and relays what it prints.
void run_child(Tap& tap, const std::wstring& parameters, const std::string& what) {
    SECURITY_ATTRIBUTES inherited{sizeof(inherited), nullptr, TRUE};
    HANDLE reading = nullptr;
    HANDLE writing = nullptr;
    CreatePipe(&reading, &writing, &inherited, 0);
    SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdOutput = startup.hStdError = writing;
    PROCESS_INFORMATION process{};
    std::wstring line = L"\"" + own_path() + L"\" " + parameters;
    const BOOL started =
        CreateProcessW(nullptr, line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &startup, &process);
    CloseHandle(writing);
    std::string output;
    char buffer[4096];
    for (DWORD read = 0; started && ReadFile(reading, buffer, sizeof(buffer), &read, nullptr) && read > 0;) {
        output.append(buffer, read);
    }
    CloseHandle(reading);
    DWORD code = 1;
    if (started) {
        WaitForSingleObject(process.hProcess, INFINITE);
        GetExitCodeProcess(process.hProcess, &code);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    for (std::size_t at = 0, end; (end = output.find('\n', at)) != std::string::npos; at = end + 1) {
        std::string each = output.substr(at, end - at);
        if (!each.empty() && each.back() == '\r') each.pop_back();
        tap.relay(each);
    }
    tap.result(started && code == 0, what + ": the process ended well", "exit code " + std::to_string(code));
}

// The child: `lsp-selftest ways TARGET SOURCE ruled|unruled installed|bare`.
int ways(char** parameters) {
    const bool ruled = std::strcmp(parameters[2], "ruled") == 0;
    const bool installed = std::strcmp(parameters[3], "installed") == 0;
    const int failed = selftest::go_all_ways({parameters[0], parameters[1]}, ruled);
    const wchar_t* const name = native_architecture == Architecture::x64 ? L"winsock-lsp.dll" : L"winsock-lsp-ia32.dll";
    const bool loaded = GetModuleHandleW(name) != nullptr;
    std::printf("%s - the provider's DLL is %s by the catalog\n", loaded == installed ? "ok" : "not ok",
                installed ? "loaded" : "not loaded");
    std::fflush(stdout);
    return failed == 0 && loaded == installed ? 0 : 1;
}

template <typename T>
bool done(Tap& tap, const Result<T>& result, const std::string& behaviour) {
    tap.result(static_cast<bool>(result), behaviour, result ? "" : result.error().code + ": " + result.error().message);
    return static_cast<bool>(result);
}

void check_catalog(Tap& tap) {
    const auto catalog = enumerate_catalog();
    if (!done(tap, catalog, "the catalog can be read")) return;
    std::size_t first = 0;
    while (first < catalog->size() && (*catalog)[first].ours) ++first;
    std::size_t all = 0;
    for (const CatalogEntry& entry : *catalog) all += entry.ours && entry.is_chain() ? 1 : 0;
    tap.result(all > 0 && first >= all, "our chains stand first in the catalog",
               std::to_string(first) + " first, " + std::to_string(all) + " in all");
    const auto facts = lsp::setup::collect_facts();
    if (!done(tap, facts, "doctor can look at the machine")) return;
    int errors = 0;
    for (const lsp::setup::Finding& finding : lsp::setup::diagnose(*facts).findings) {
        if (finding.severity == lsp::setup::Severity::error) ++errors;
        tap.comment("doctor: " + finding.code + ": " + finding.message);
    }
    tap.result(errors == 0, "doctor finds no error");
}

// Whether each switch is on; nothing for one that cannot be read.
std::vector<std::optional<bool>> states(const std::vector<HostModelSwitch>& switches) {
    std::vector<std::optional<bool>> result;
    for (const HostModelSwitch& each : switches) {
        const auto on = is_on(system_host_model(), each);
        result.push_back(on ? std::optional<bool>(*on) : std::nullopt);
    }
    return result;
}

// An interface that a tunnel with that source can be published on: the target's, or, where that has the source as well,
// another one. 0 if there is none.
std::uint32_t tunnel_interface(const std::vector<InterfaceAddress>& addresses, const lsp::IpAddress& source,
                               const lsp::IpAddress& target) {
    const auto owner = [&](const lsp::IpAddress& address) {
        for (const InterfaceAddress& each : addresses) {
            if (each.address.address == address) return each.interface_index;
        }
        return std::uint32_t{0};
    };
    const std::uint32_t physical = owner(source);
    if (physical == 0) return 0;
    if (owner(target) != physical) return owner(target);
    for (const InterfaceAddress& each : addresses) {
        if (each.address.address.family == lsp::Family::ipv4 && each.interface_index != physical)
            return each.interface_index;
    }
    return 0;
}

void check_host_model(Tap& tap, const Options& options) {
    const auto addresses = interface_addresses();
    if (!done(tap, addresses, "the host's addresses can be read")) return;
    lsp::Tunnel tunnel;
    tunnel.name = "selftest";
    tunnel.source4 = *lsp::parse_address(options.at("--source"));
    // Documentation addresses (RFC 5737): nothing is sent through this tunnel.
    tunnel.address4 = *lsp::parse_prefix("198.51.100.2/24");
    tunnel.interface_index = tunnel_interface(*addresses, tunnel.source4, *lsp::parse_address(options.at("--target")));
    if (tunnel.interface_index == 0) {
        tap.skip("a tunnel is published",
                 "no interface other than that of " + options.at("--source") + " has an IPv4 address");
        return;
    }
    tunnel.publisher = current_process();
    const std::vector<HostModelSwitch> needed = switches_for(tunnel);
    const auto before = states(needed);
    if (!done(tap, publish_tunnel(tunnel), "a tunnel is published")) return;
    const auto during = states(needed);
    bool all_on = !during.empty();
    for (const std::optional<bool>& on : during) all_on = all_on && on.value_or(false);
    tap.result(all_on, "weak host send and receive are on for it");
    const std::string across = selftest::send_across(options.at("--source"), tunnel.interface_index, "198.51.100.9");
    tap.result(across.empty(), "a datagram may name a source and another interface than the source's", across);
    const std::string both = selftest::pin_both_families(tunnel.interface_index);
    tap.result(both.empty(), "a socket of both families can be pinned for IPv4", both);
    done(tap, withdraw_tunnel(tunnel.name), "the tunnel is withdrawn");
    tap.result(states(needed) == before, "weak host send and receive are as they were");
}

int run(const Options& options) {
    Tap tap(options.contains("--com") ? options.at("--com") : "");
    const auto option = [&](const char* name) { return widen(options.at(name)); };
    const std::wstring dll = options.contains("--dll") ? option("--dll") : beside(L"winsock-lsp.dll");
    const std::wstring dll32 = beside(L"winsock-lsp-ia32.dll");
    const std::wstring child = L"ways " + option("--target") + L" " + option("--source");

    const auto before = catalog_text();
    tap.result(!before.empty(), "the catalog has entries");
    const auto installed_before = lsp::setup::is_installed();
    tap.result(installed_before && !*installed_before, "nothing of ours is installed to begin with");
    run_child(tap, child + L" unruled bare", "before");

    lsp::setup::InstallOptions install;
    const auto staged = lsp::setup::stage_provider_dll(dll);
    if (done(tap, staged, "the DLL is copied to where only administrators can write")) {
        install.dll = *staged;
        if (native_architecture == Architecture::x64 && exists(dll32)) {
            const auto staged32 = lsp::setup::stage_provider_dll(dll32);
            if (done(tap, staged32, "the 32-bit DLL likewise")) install.dll32 = *staged32;
        }
        const auto first = lsp::setup::install_provider(install);
        if (done(tap, first, "the provider is installed")) {
            tap.result(first->changed, "installing changed the catalog");
            const auto second = lsp::setup::install_provider(install);
            tap.result(second && !second->changed, "installing again changes nothing");
            check_catalog(tap);
            run_child(tap, child + L" unruled installed", "installed, no rule");
            const std::string rule = "to " + options.at("--target") + "/32 source " + options.at("--source");
            const auto rules_before = read_policy();
            if (rules_before && done(tap, write_policy({rule}), "the rule is written: " + rule)) {
                run_child(tap, child + L" ruled installed", "installed, with the rule");
                done(tap, write_policy(rules_before->lines), "the rules are put back");
            }
            check_host_model(tap, options);
        }
    }
    const auto removed = lsp::setup::remove_provider();
    if (done(tap, removed, "the provider is removed"))
        tap.result(catalog_text() == before, "the catalog is what it was");
    run_child(tap, child + L" unruled bare", "afterwards");
    return tap.finish();
}

int usage() {
    std::fprintf(stderr,
                 "usage: lsp-selftest --target ADDRESS --source ADDRESS [--dll FILE] [--com PORT]\n"
                 "Both are IPv4 addresses of this host. Run it elevated.\n");
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 6 && std::strcmp(arguments[1], "ways") == 0) return ways(arguments + 2);
    Options options;
    for (int i = 1; i + 1 < count; i += 2) options[arguments[i]] = arguments[i + 1];
    const auto is_ipv4 = [&](const char* name) {
        const auto found = options.find(name);
        if (found == options.end()) return false;
        const auto parsed = lsp::parse_address(found->second);
        return parsed && parsed->family == lsp::Family::ipv4;
    };
    if (count % 2 == 0 || !is_ipv4("--target") || !is_ipv4("--source")) return usage();
    return run(options);
}
