// What the plugin does with OpenVPN's events. States and actions:
//
//   event     | nothing collected            | collected                     | published
//   UP        | collect                      | collect anew                  | withdraw, collect
//   UP of a   | collect, publish             | publish                       | publish anew
//   restart
//   ROUTE_UP  | collect, publish             | publish                       | publish anew
//   DOWN      | nothing                      | forget                        | withdraw, forget
//   close     | nothing                      | forget                        | withdraw, forget
//   addresses | nothing                      | nothing                       | publish anew if the tunnel is another
//   now, or a switch of the host model is off
//
// An event whose environment is malformed publishes nothing and logs why; what is published stays until DOWN. So it
// does while the host has no address to replace it with. Only ROUTE_UP may fail, of which OpenVPN warns. A failing UP
// or DOWN would end the VPN, which is worth more than its policy.
#pragma once

#include <optional>
#include <string>

#include "../../core/openvpn_environment.hpp"
#include "../../core/tunnel.hpp"
#include "../../system/error.hpp"
#include "../../system/interfaces.hpp"
#include "address_watch.hpp"

namespace lsp::setup {

class Log {
  public:
    virtual ~Log() = default;
    virtual void error(const std::string& message) = 0;
    virtual void warning(const std::string& message) = 0;
    virtual void note(const std::string& message) = 0;
};

// What the client's own configuration says on the plugin line, which no server can push.
struct PluginArguments {
    // `any-clientip`: the server may name, as clientip, an address of any interface of this host. Otherwise only one of
    // the interface that the way to the server leaves through.
    bool any_clientip = false;
};

class Session {
  public:
    // `log` is used within the calls below only; `other_thread_log` by a thread of the system's pool, between them.
    // `provider_dll` is the full path of the DLL that an installation makes a copy of.
    Session(Log& log, Log& other_thread_log, std::wstring provider_dll, PluginArguments arguments);

    // One thread at a time.
    void up(const char* const* environment);
    // False if OpenVPN shall see the event as failed.
    bool route_up(const char* const* environment);
    void down();

  private:
    bool collect(const char* const* environment);
    bool publish();
    void withdraw();
    system::Result<Tunnel> describe(std::string& remark);
    IpAddress physical_address(const Tunnel& tunnel, const std::vector<system::InterfaceAddress>& addresses,
                               std::string& remark);
    void took(const Tunnel& tunnel);
    void follow_addresses() noexcept;
    void install();
    void uninstall();

    Log& log_;
    Log& other_thread_log_;
    std::wstring provider_dll_;
    PluginArguments arguments_;
    std::string name_;  // of the tunnel in the policy store
    std::optional<OpenVpnTunnel> collected_;
    std::optional<Tunnel> published_;
    std::uint32_t physical_interface_ = 0;  // that had the source when it was published
    std::string trouble_;                   // what was logged of following the addresses last
    bool installed_ = false;                // by this session
    // Runs between the events only, so that nothing here is touched by two threads.
    AddressWatch watch_;
};

}  // namespace lsp::setup
