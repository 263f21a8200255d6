#include "session.hpp"

#include <windows.h>

#include "../system/interfaces.hpp"
#include "../system/routes.hpp"
#include "../system/text.hpp"
#include "../system/tunnels.hpp"
#include "setup_library.hpp"

namespace lsp::plugin {

namespace {

bool host_has(const IpAddress& address) {
    const auto found = system::find_address(address);
    return found && found->has_value();
}

}  // namespace

// OpenVPN's own device name would not do: on Windows every instance may call it "tun".
Session::Session(Log& log) : log_(log), name_("openvpn-" + std::to_string(GetCurrentProcessId())) {}

bool Session::collect(const char* const* environment) {
    auto parsed = parse_openvpn_environment(environment);
    if (const auto* fault = std::get_if<OpenVpnEnvironmentError>(&parsed)) {
        log_.error("OpenVPN's environment does not describe the tunnel, nothing is published: " + fault->variable +
                   ": " + fault->message);
        return false;
    }
    collected_ = std::get<OpenVpnTunnel>(parsed);
    return true;
}

bool Session::up(const char* const* environment) {
    const bool withdrawn = withdraw();
    collected_.reset();
    return collect(environment) && withdrawn;
}

bool Session::route_up(const char* const* environment) {
    // OpenVPN's environment grows from event to event; this one describes the tunnel as it is now.
    return collect(environment) && publish();
}

bool Session::down() {
    collected_.reset();
    return withdraw();
}

// The interface that has the virtual address, and the physical address that packets shall have as source.
std::optional<Tunnel> Session::describe() {
    Tunnel tunnel;
    tunnel.name = name_;
    tunnel.address4 = collected_->address4;
    tunnel.address6 = collected_->address6;
    tunnel.publisher = system::current_publisher();

    const IpAddress& virtual_address = tunnel.address4.address ? tunnel.address4.address : tunnel.address6.address;
    const auto interface_found = system::find_address(virtual_address);
    if (interface_found && interface_found->has_value()) {
        tunnel.interface_index = (*interface_found)->interface_index;
    } else if (collected_->device_index != 0) {
        tunnel.interface_index = collected_->device_index;
    } else {
        log_.error("no interface of this host has the tunnel's address " + to_string(virtual_address) +
                   ", so nothing is published; check that the adapter came up");
        return std::nullopt;
    }

    IpAddress physical = collected_->physical;
    if (physical && !host_has(physical)) {
        log_.warning(
            "this host does not have the address " + to_string(physical) +
            " that the server pushed as clientip (it is behind a NAT, or the address is stale); using the address "
            "towards the server instead");
        physical = {};
    }
    if (!physical && collected_->server) {
        const auto route = system::best_route(collected_->server);
        if (route) {
            physical = route->source;
        } else {
            log_.error(route.error().message);
        }
    }
    if (!physical) {
        log_.error(
            "the physical address is unknown, so nothing is published; let the server push it: push \"setenv-safe "
            "clientip ADDRESS\" from its client-connect script");
        return std::nullopt;
    }
    (physical.family == Family::ipv4 ? tunnel.source4 : tunnel.source6) = physical;
    return tunnel;
}

bool Session::publish() {
    const std::optional<Tunnel> tunnel = describe();
    if (!tunnel) return false;
    const system::Outcome outcome = system::publish_tunnel(*tunnel);
    if (!outcome) {
        log_.error(outcome.error().message);
        return false;
    }
    published_ = true;
    const IpAddress& source = tunnel->source4 ? tunnel->source4 : tunnel->source6;
    log_.note("published: what leaves through interface " + std::to_string(tunnel->interface_index) +
              " gets the source " + to_string(source));
    install();
    return true;
}

bool Session::withdraw() {
    bool good = true;
    if (published_) {
        const system::Outcome outcome = system::withdraw_tunnel(name_);
        good = static_cast<bool>(outcome) || outcome.error().code == "ERROR_FILE_NOT_FOUND";
        if (good) {
            log_.note("withdrawn");
        } else {
            log_.error(outcome.error().message);
        }
        published_ = false;
    }
    uninstall();
    return good;
}

void Session::install() {
    const SetupAnswer answer = install_with_setup_dll();
    if (!answer.good) {
        log_.warning("the provider is not installed and could not be: " + answer.message);
        return;
    }
    if (!answer.changed) return;
    installed_ = true;
    log_.note("installed the provider " + system::narrow(answer.path));
}

void Session::uninstall() {
    if (!installed_) return;
    installed_ = false;
    const SetupAnswer answer = remove_with_setup_dll();
    if (answer.good) {
        log_.note("removed the provider that this session had installed");
    } else {
        log_.error(answer.message);
    }
}

}  // namespace lsp::plugin
