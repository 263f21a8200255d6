#pragma once

#include <windows.h>

#include <string>
#include <vector>

// Our side of the header is OpenVPN's: with this it declares types of function pointers instead of functions.
#define OPENVPN_PLUGIN_H
#include <openvpn/openvpn-plugin.h>

/// A plugin DLL, loaded and called as OpenVPN does it (src/openvpn/plugin.c).
class LoadedPlugin {
  public:
    enum class Api { newest, v1, v3 };

    /// Loads the DLL, checks the version that it needs and opens it.
    /// @param arguments the DLL's path, then the options of the `plugin` directive
    /// @throws std::runtime_error with what OpenVPN would refuse it for
    LoadedPlugin(const std::vector<std::string>& arguments, Api api);
    ~LoadedPlugin();
    LoadedPlugin(const LoadedPlugin&) = delete;
    LoadedPlugin& operator=(const LoadedPlugin&) = delete;

    /// The events that it asked for: bits of OPENVPN_PLUGIN_MASK.
    int type_mask() const { return type_mask_; }

    /// Calls it for an event, or returns success if it did not ask for that event, as OpenVPN does.
    /// @param arguments what the event's script would get, without its own name
    /// @param environment `name=value` each
    /// @return OPENVPN_PLUGIN_FUNC_SUCCESS, _ERROR or _DEFERRED
    int call(int type, const std::vector<std::string>& arguments, const std::vector<std::string>& environment);

  private:
    void open_v3(const std::vector<std::string>& arguments);
    void open_v1(const std::vector<std::string>& arguments);

    std::string path_;
    HMODULE module_;
    int type_mask_ = 0;
    openvpn_plugin_handle_t handle_ = nullptr;
    openvpn_plugin_func_v3 func_v3_ = nullptr;
    openvpn_plugin_func_v1 func_v1_ = nullptr;
    openvpn_plugin_close_v1 close_ = nullptr;
};
