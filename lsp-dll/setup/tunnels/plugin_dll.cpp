#include "plugin_dll.hpp"

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "../../core/readable.hpp"
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

// Of the plugin line; the first is the plugin's path. A misspelled one must not be a silent one.
PluginArguments read_arguments(const char* const* words, Log& log) {
    PluginArguments arguments;
    for (std::size_t i = 1; words != nullptr && words[0] != nullptr && words[i] != nullptr; ++i) {
        if (std::string_view(words[i]) == "any-clientip") {
            arguments.any_clientip = true;
        } else {
            log.warning("the plugin line has the argument " + text::shown(words[i]) +
                        ", which this version does not know: expected any-clientip or nothing. It is passed over");
        }
    }
    return arguments;
}

struct Instance {
    Instance(const PluginOpen& open)
        : log(open.log),
          other_thread_log(nullptr),
          session(log, other_thread_log, open.provider_dll, read_arguments(open.arguments, log)) {}
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
        return new lsp::setup::Instance(*open);
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
