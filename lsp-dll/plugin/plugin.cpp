// The functions that OpenVPN looks up in a plugin, API versions 1 and 3.

#include <windows.h>

#include <exception>
#include <new>

#include "../exported.hpp"
#include "../setup/tunnels/session.hpp"
#include "openvpn_api.hpp"

namespace lsp::plugin {

namespace {

constexpr char plugin_name[] = "winsock-lsp";
constexpr int handled_events = event_mask(event_up) | event_mask(event_route_up) | event_mask(event_down);

// Writes to OpenVPN's log. API version 1 has no access to it, and OpenVPN's own thread alone may use it; without it
// messages go to stderr, which OpenVPN and its service keep with the log.
class OpenVpnLog final : public setup::Log {
  public:
    explicit OpenVpnLog(PluginLog callback) : log_(callback) {}

    void error(const std::string& message) override { write(log_error, message); }
    void warning(const std::string& message) override { write(log_warning, message); }
    void note(const std::string& message) override { write(log_note, message); }

  private:
    void write(int flags, const std::string& message) {
        if (log_ != nullptr) {
            log_(flags, plugin_name, "%s", message.c_str());
            return;
        }
        const std::string line = std::string(plugin_name) + ": " + message + "\n";
        DWORD written = 0;
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
    }

    PluginLog log_;
};

struct Instance {
    explicit Instance(PluginLog callback) : log(callback), other_thread_log(nullptr), session(log, other_thread_log) {}
    OpenVpnLog log;
    OpenVpnLog other_thread_log;
    setup::Session session;
};

Instance* open(PluginLog log) noexcept {
    try {
        return new Instance(log);
    } catch (const std::exception&) {
        return nullptr;
    }
}

int handle_event(void* handle, int type, const char* const* environment) noexcept {
    auto* const instance = static_cast<Instance*>(handle);
    if (instance == nullptr) return result_error;
    try {
        bool good = true;
        switch (type) {
            case event_up: instance->session.up(environment); break;
            case event_route_up: good = instance->session.route_up(environment); break;
            case event_down: instance->session.down(); break;
            default: instance->log.error("OpenVPN sent an event that this plugin did not ask for"); good = false;
        }
        return good ? result_success : result_error;
    } catch (const std::exception&) {
        return result_error;  // out of memory: nothing is left to say it with
    }
}

}  // namespace

}  // namespace lsp::plugin

using namespace lsp::plugin;

extern "C" {

// The lowest plugin API of OpenVPN that will do.
WINSOCK_LSP_EXPORTED int openvpn_plugin_min_version_required_v1(void) { return 1; }

WINSOCK_LSP_EXPORTED void* openvpn_plugin_open_v1(unsigned int* type_mask, const char* const*, const char* const*) {
    if (type_mask == nullptr) return nullptr;
    *type_mask = handled_events;
    return open(nullptr);
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_func_v1(void* handle, int type, const char* const*,
                                                const char* const* environment) {
    return handle_event(handle, type, environment);
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_open_v3(int structure_version, const OpenArguments* arguments,
                                                OpenResult* result) {
    if (structure_version < 1 || arguments == nullptr || result == nullptr) return result_error;
    result->type_mask = handled_events;
    result->handle = open(arguments->callbacks != nullptr ? arguments->callbacks->log : nullptr);
    return result->handle != nullptr ? result_success : result_error;
}

WINSOCK_LSP_EXPORTED int openvpn_plugin_func_v3(int structure_version, const EventArguments* arguments, void*) {
    if (structure_version < 1 || arguments == nullptr) return result_error;
    return handle_event(arguments->handle, arguments->type, arguments->envp);
}

WINSOCK_LSP_EXPORTED void openvpn_plugin_close_v1(void* handle) {
    auto* const instance = static_cast<Instance*>(handle);
    if (instance == nullptr) return;
    handle_event(handle, event_down, nullptr);
    delete instance;
}

}  // extern "C"
