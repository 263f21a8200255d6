// Stands in for openvpn.exe: loads the plugin and gives it the events of an OpenVPN that runs elsewhere.
//
//     plugin_host [--api 1|3] --spool DIRECTORY PLUGIN.dll [ARGUMENT...]
//     plugin_host [--api 1|3] --once EVENT=FILE|hold-tunnels=FILE [--once ...]... PLUGIN.dll [ARGUMENT...]
//
// With --spool it serves events until a file `quit` appears there. An event is a file NAME-EVENT.env (its environment,
// each variable ended by a NUL, put there by renaming) and beside it, if there are any, NAME-EVENT.arguments; the
// answer is NAME-EVENT.result with the plugin's return value as text. Events are taken in the order of their names.
// With --once it gives the plugin the named events, each with the environment in FILE, and ends. From hold-tunnels on
// the lock of the tunnels is held, as by another process that does not come to an end.
//
// Prints TYPE MASK once the plugin is open, LOG for each line of OpenVPN's log, EVENT for each event with the plugin's
// answer, and CLOSED. Ends with 0; 1 if the plugin could not be opened; 2 for a wrong command line; 3 if it crashed.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "loaded_plugin.hpp"

namespace {

namespace fs = std::filesystem;

struct CommandLine {
    LoadedPlugin::Api api = LoadedPlugin::Api::newest;
    std::optional<fs::path> spool;
    std::vector<std::pair<std::string, fs::path>> once;
    std::vector<std::string> plugin;
};

struct UsageError : std::runtime_error {
    using runtime_error::runtime_error;
};

constexpr const char* hold_tunnels = "hold-tunnels";

int event_type(const std::string& event) {
    if (event == "up") return OPENVPN_PLUGIN_UP;
    if (event == "route-up") return OPENVPN_PLUGIN_ROUTE_UP;
    if (event == "down") return OPENVPN_PLUGIN_DOWN;
    throw UsageError("unknown event '" + event + "': use up, route-up or down");
}

CommandLine parse(const std::vector<std::string>& words) {
    CommandLine result;
    size_t index = 0;
    const auto value = [&]() -> const std::string& {
        if (index + 1 >= words.size()) throw UsageError("option " + words[index] + " needs a value");
        return words[++index];
    };
    for (; index < words.size() && words[index].starts_with("--"); ++index) {
        const std::string& option = words[index];
        if (option == "--api") {
            const std::string& api = value();
            if (api != "1" && api != "3") throw UsageError("--api is 1 or 3, not '" + api + "'");
            result.api = api == "1" ? LoadedPlugin::Api::v1 : LoadedPlugin::Api::v3;
        } else if (option == "--spool") {
            result.spool = value();
        } else if (option == "--once") {
            const std::string& text = value();
            const size_t equals = text.find('=');
            if (equals == std::string::npos) throw UsageError("--once takes EVENT=FILE, not '" + text + "'");
            if (text.substr(0, equals) != hold_tunnels) event_type(text.substr(0, equals));
            result.once.emplace_back(text.substr(0, equals), text.substr(equals + 1));
        } else {
            throw UsageError("unknown option " + option);
        }
    }
    result.plugin.assign(words.begin() + static_cast<ptrdiff_t>(index), words.end());
    if (result.plugin.empty()) throw UsageError("no plugin DLL is given");
    if (result.spool.has_value() != result.once.empty()) throw UsageError("give either --spool or --once");
    return result;
}

/// A file's strings, each ended by a NUL.
std::vector<std::string> read_strings(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw std::runtime_error("cannot read " + file.string());
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    std::vector<std::string> result;
    for (size_t begin = 0; begin < content.size();) {
        const size_t end = std::min(content.find('\0', begin), content.size());
        result.push_back(content.substr(begin, end - begin));
        begin = end + 1;
    }
    return result;
}

/// Whoever waits for the file sees it only when it is whole.
void write_result(const fs::path& file, int result) {
    fs::path unfinished = file;
    unfinished += ".new";
    std::ofstream(unfinished, std::ios::binary) << result;
    fs::rename(unfinished, file);
}

int give(LoadedPlugin& plugin, const std::string& event, const std::vector<std::string>& arguments,
         const std::vector<std::string>& environment) {
    const int result = plugin.call(event_type(event), arguments, environment);
    std::printf("EVENT %s -> %d\n", event.c_str(), result);
    std::fflush(stdout);
    return result;
}

/// As another process that publishes would (setup/file_lock.cpp).
void hold_the_tunnels() {
    wchar_t folder[MAX_PATH];
    const UINT length = GetSystemWindowsDirectoryW(folder, MAX_PATH);
    const std::wstring path = std::wstring(folder, length) + L"\\winsock-lsp-tunnels.lock";
    const HANDLE file = CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, 0, nullptr, OPEN_ALWAYS,
                                    FILE_FLAG_DELETE_ON_CLOSE, nullptr);
    std::printf("EVENT %s -> %d\n", hold_tunnels, file != INVALID_HANDLE_VALUE ? 0 : 1);
    std::fflush(stdout);
}

std::vector<fs::path> waiting_events(const fs::path& spool) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(spool)) {
        if (entry.path().extension() == ".env") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

void serve_event(LoadedPlugin& plugin, const fs::path& file) {
    const std::string name = file.stem().string();
    const std::string event = name.substr(name.find('-') + 1);
    const auto beside = [&](const char* extension) { return fs::path(file).replace_extension(extension); };
    int result = OPENVPN_PLUGIN_FUNC_ERROR;
    try {
        const auto environment = read_strings(file);
        const auto arguments =
            fs::exists(beside(".arguments")) ? read_strings(beside(".arguments")) : std::vector<std::string>{};
        result = give(plugin, event, arguments, environment);
    } catch (const std::exception& error) {
        std::printf("EVENT %s failed before the plugin was asked: %s\n", name.c_str(), error.what());
        std::fflush(stdout);
    }
    fs::rename(file, beside(".done"));
    write_result(beside(".result"), result);
}

void serve(LoadedPlugin& plugin, const fs::path& spool) {
    // Polled, because directory notifications are what Wine does least like Windows.
    while (!fs::exists(spool / "quit")) {
        for (const fs::path& file : waiting_events(spool)) serve_event(plugin, file);
        Sleep(20);
    }
}

LONG WINAPI report_crash(EXCEPTION_POINTERS* exception) {
    std::printf("CRASH exception %08lx at %p\n", exception->ExceptionRecord->ExceptionCode,
                exception->ExceptionRecord->ExceptionAddress);
    std::fflush(stdout);
    ExitProcess(3);
}

}  // namespace

int main(int argc, char** argv) {
    SetUnhandledExceptionFilter(report_crash);
    try {
        const CommandLine command_line = parse({argv + 1, argv + argc});
        {
            LoadedPlugin plugin(command_line.plugin, command_line.api);
            std::printf("TYPE MASK %d\n", plugin.type_mask());
            std::fflush(stdout);
            for (const auto& [event, file] : command_line.once) {
                if (event == hold_tunnels) {
                    hold_the_tunnels();
                } else {
                    give(plugin, event, {}, read_strings(file));
                }
            }
            if (command_line.spool) serve(plugin, *command_line.spool);
        }
        std::printf("CLOSED\n");
        return 0;
    } catch (const UsageError& error) {
        std::fprintf(stderr, "plugin_host: %s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "plugin_host: %s\n", error.what());
        return 1;
    }
}
