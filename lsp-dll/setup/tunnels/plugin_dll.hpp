// What winsock-lsp.dll's plugin exports call in winsock-lsp-setup.dll, which lies beside it and which openvpn.exe alone
// loads. Plain data: winsock-lsp.dll is in every program, and is compiled without exceptions and C++'s library.
#pragma once

#include <windows.h>

#include "openvpn_api.hpp"

namespace lsp::setup {

// winsock-lsp-setup.dll is found by the path of the plugin's own DLL: …\winsock-lsp.dll → …\winsock-lsp-setup.dll.
inline constexpr WCHAR setup_dll_suffix[] = L"-setup";

struct PluginOpen {
    DWORD size = sizeof(PluginOpen);      // in bytes, set by the caller: tells versions apart
    const WCHAR* provider_dll = nullptr;  // full path of the plugin's own DLL, of which an installation makes a copy
    // The plugin line's, up to a null pointer; the first is the plugin's path. May be null. See PluginArguments.
    const char* const* arguments = nullptr;
    PluginLog log = nullptr;  // OpenVPN's log, for its own thread; null: standard error
};

// A session for an OpenVPN, to be given back to PluginClose; null if the structure is another version's, or without
// memory.
using PluginOpenFunction = void*(const PluginOpen* open);
// One of the events in handled_events, with its environment. Gives a PluginResult.
using PluginEventFunction = int(void* session, int event, const char* const* environment);
// Withdraws what is published. The DLL can be let go afterwards.
using PluginCloseFunction = void(void* session);

inline constexpr char plugin_open_name[] = "WinsockLspPluginOpen";
inline constexpr char plugin_event_name[] = "WinsockLspPluginEvent";
inline constexpr char plugin_close_name[] = "WinsockLspPluginClose";

}  // namespace lsp::setup
