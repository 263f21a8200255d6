// The binary interface that OpenVPN gives its plugins: openvpn-plugin.h of OpenVPN 2.4 to 2.6, as far as we use it.
// Declared here because the header is part of OpenVPN's installation and not there where we build.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace lsp::setup {

enum PluginEvent : int { event_up = 0, event_down = 1, event_route_up = 2 };
enum PluginResult : int { result_success = 0, result_error = 1 };
enum LogFlags : int { log_error = 1 << 0, log_warning = 1 << 1, log_note = 1 << 2 };

constexpr int event_mask(PluginEvent event) { return 1 << event; }

inline constexpr char plugin_name[] = "winsock-lsp";
inline constexpr int handled_events = event_mask(event_up) | event_mask(event_route_up) | event_mask(event_down);

using PluginLog = void (*)(int flags, const char* plugin_name, const char* format, ...);
using PluginVlog = void (*)(int flags, const char* plugin_name, const char* format, va_list arguments);

// The first two since structure version 1, further callbacks behind them since 2.
struct PluginCallbacks {
    PluginLog log;
    PluginVlog vlog;
};

struct OpenArguments {
    int type_mask;
    const char* const* argv;
    const char* const* envp;
    PluginCallbacks* callbacks;
    // Later members are not used.
};

struct OpenResult {
    int type_mask;
    void* handle;
    void* return_list;
};

struct EventArguments {
    int type;
    const char* const* argv;
    const char* const* envp;
    void* handle;
    // Later members are not used.
};

}  // namespace lsp::setup
