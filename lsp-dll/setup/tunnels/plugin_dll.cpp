#include "plugin_dll.hpp"

#include <exception>
#include <new>

#include "../../exported.hpp"
#include "session.hpp"

namespace lsp::setup {

namespace {

// Writes to OpenVPN's log. API version 1 has no access to it, and OpenVPN's own thread alone may use it; without it
// messages go to stderr, which OpenVPN and its service keep with the log.
class OpenVpnLog final : public Log {
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
    Instance(PluginLog callback, const WCHAR* provider_dll)
        : log(callback), other_thread_log(nullptr), session(log, other_thread_log, provider_dll) {}
    OpenVpnLog log;
    OpenVpnLog other_thread_log;
    Session session;
};

int handle_event(void* handle, int type, const char* const* environment) noexcept {
    auto* const instance = static_cast<Instance*>(handle);
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

}  // namespace lsp::setup

extern "C" {

WINSOCK_LSP_EXPORTED void* WinsockLspPluginOpen(const lsp::setup::PluginOpen* open) {
    if (open == nullptr || open->size != sizeof(lsp::setup::PluginOpen)) return nullptr;
    try {
        return new lsp::setup::Instance(open->log, open->provider_dll);
    } catch (const std::exception&) {
        return nullptr;
    }
}

WINSOCK_LSP_EXPORTED int WinsockLspPluginEvent(void* session, int event, const char* const* environment) {
    return lsp::setup::handle_event(session, event, environment);
}

WINSOCK_LSP_EXPORTED void WinsockLspPluginClose(void* session) {
    lsp::setup::handle_event(session, lsp::setup::event_down, nullptr);
    delete static_cast<lsp::setup::Instance*>(session);
}

}  // extern "C"
