// What the plugin does with OpenVPN's events. States and actions:
//
//   event     | nothing collected            | collected                     | published
//   UP        | collect                      | collect anew                  | withdraw, collect
//   ROUTE_UP  | collect, publish             | publish                       | publish anew
//   DOWN      | nothing                      | forget                        | withdraw, forget
//   close     | nothing                      | forget                        | withdraw, forget
//
// An event whose environment is malformed publishes nothing, logs why and fails; what is published stays until DOWN.
#pragma once

#include <optional>
#include <string>

#include "../core/openvpn_environment.hpp"
#include "../core/tunnel.hpp"

namespace lsp::plugin {

class Log {
  public:
    virtual ~Log() = default;
    virtual void error(const std::string& message) = 0;
    virtual void warning(const std::string& message) = 0;
    virtual void note(const std::string& message) = 0;
};

class Session {
  public:
    explicit Session(Log& log);

    // Each gives false if OpenVPN shall see the event as failed.
    bool up(const char* const* environment);
    bool route_up(const char* const* environment);
    bool down();

  private:
    bool collect(const char* const* environment);
    bool publish();
    bool withdraw();
    std::optional<Tunnel> describe();
    void install();
    void uninstall();

    Log& log_;
    std::string name_;  // of the tunnel in the policy store
    std::optional<OpenVpnTunnel> collected_;
    bool published_ = false;
    bool installed_ = false;  // by this session
};

}  // namespace lsp::plugin
