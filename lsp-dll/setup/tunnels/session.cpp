#include "session.hpp"

#include <windows.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "../../system/interface_names.hpp"
#include "../../system/interfaces.hpp"
#include "../../system/policy_store.hpp"
#include "../../system/routes.hpp"
#include "../../system/text.hpp"
#include "../install_if_missing.hpp"
#include "host_model.hpp"
#include "tunnels.hpp"

namespace lsp::setup {

namespace {

enum class Owner { nobody, another_interface, this_interface };

// Who of this host has the address.
Owner owner_of(const IpAddress& address, std::uint32_t interface_index,
               const std::vector<system::InterfaceAddress>& addresses) {
    Owner owner = Owner::nobody;
    for (const system::InterfaceAddress& entry : addresses) {
        if (entry.address.address != address) continue;
        if (entry.interface_index == interface_index) return Owner::this_interface;
        owner = Owner::another_interface;
    }
    return owner;
}

const IpAddress& source_of(const Tunnel& tunnel) { return tunnel.source4 ? tunnel.source4 : tunnel.source6; }

}  // namespace

// OpenVPN's own device name would not do: on Windows every instance may call it "tun".
Session::Session(Log& log, Log& other_thread_log, std::wstring provider_dll, PluginArguments arguments)
    : log_(log),
      other_thread_log_(other_thread_log),
      provider_dll_(std::move(provider_dll)),
      arguments_(arguments),
      name_("openvpn-" + std::to_string(GetCurrentProcessId())),
      watch_([](void* self) noexcept { static_cast<Session*>(self)->follow_addresses(); }, this) {}

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

void Session::up(const char* const* environment) {
    down();
    // With persist-tun the interface and its routes have outlived the restart, and ROUTE_UP does not come.
    if (collect(environment) && collected_->restarted) route_up(environment);
}

bool Session::route_up(const char* const* environment) {
    watch_.stop();
    // OpenVPN's environment grows from event to event; this one describes the tunnel as it is now.
    const bool good = collect(environment) && publish();
    if (published_) watch_.start();
    return good;
}

void Session::down() {
    withdraw();
    collected_.reset();
}

// What the server pushed, if the interface towards the server has it (any interface, where the client's configuration
// says so); else what the host uses towards the server, or if the tunnel has no address of that family (IPv4 through a
// server over IPv6) what else that interface has; else, while the way to the server leads nowhere or into the tunnel
// itself, what the interface has now that had the address before. None if all of these fail. `remark`: what the user
// should know of the choice.
IpAddress Session::physical_address(const Tunnel& tunnel, const std::vector<system::InterfaceAddress>& addresses,
                                    std::string& remark) {
    std::uint32_t interface_index = physical_interface_;
    Family family = published_ && published_->source6 ? Family::ipv6 : Family::ipv4;
    IpAddress towards_server;
    std::string no_route;
    if (collected_->server) {
        const auto route = system::best_route(collected_->server);
        if (!route) {
            no_route = route.error().message;
        } else if (route->interface_index != tunnel.interface_index) {
            family = route->source.family;
            interface_index = route->interface_index;
            towards_server = route->source;
        }
    }
    if (const IpAddress& pushed = collected_->physical) {
        const Owner owner = owner_of(pushed, interface_index, addresses);
        if (owner == Owner::this_interface || (owner != Owner::nobody && arguments_.any_clientip)) return pushed;
        if (owner == Owner::nobody) {
            remark = "this host does not have the address " + to_string(pushed) +
                     " that the server pushed as clientip (it is behind a NAT, or the address is stale); using the "
                     "address towards the server instead";
        } else {
            remark = "the address " + to_string(pushed) +
                     " that the server pushed as clientip is one of another interface than that towards the server, "
                     "which a server does not choose; using the address towards the server instead. If it is meant to "
                     "(the VPN goes through a proxy on this host, say), put any-clientip behind the DLL's path on the "
                     "plugin line of the client's configuration";
        }
    }
    if (!no_route.empty()) remark += (remark.empty() ? "" : ". ") + no_route;
    if (towards_server && (family == Family::ipv4 ? tunnel.address4 : tunnel.address6).address) return towards_server;
    return system::tunnel_source(tunnel, interface_index, family, addresses);
}

// The interface that has the virtual address, and the physical address that packets shall have as source.
system::Result<Tunnel> Session::describe(std::string& remark) {
    Tunnel tunnel;
    tunnel.name = name_;
    tunnel.address4 = collected_->address4;
    tunnel.address6 = collected_->address6;
    tunnel.publisher = system::current_process();

    const IpAddress& virtual_address = tunnel.address4.address ? tunnel.address4.address : tunnel.address6.address;
    const auto addresses = system::interface_addresses();
    if (!addresses) return addresses.error();
    tunnel.interface_index = collected_->device_index;
    // Another's may have the same address. One that OpenVPN names by mistake does not have it.
    std::uint32_t owner = 0;
    for (const system::InterfaceAddress& entry : *addresses) {
        if (entry.address.address != virtual_address) continue;
        if (owner == 0 || entry.interface_index == collected_->device_index) owner = entry.interface_index;
    }
    if (owner != 0) tunnel.interface_index = owner;
    if (tunnel.interface_index == 0) {
        return system::own_error("", "no interface of this host has the tunnel's address " +
                                         to_string(virtual_address) +
                                         ", so nothing is published; check that the adapter came up");
    }

    const IpAddress physical = physical_address(tunnel, *addresses, remark);
    if (!physical) {
        return system::own_error("",
                                 "the physical address is unknown, so nothing is published; let the server push it: "
                                 "push \"setenv-safe clientip ADDRESS\" from its client-connect script");
    }
    (physical.family == Family::ipv4 ? tunnel.source4 : tunnel.source6) = physical;
    return tunnel;
}

bool Session::publish() {
    std::string remark;
    const auto tunnel = describe(remark);
    if (!remark.empty()) log_.warning(remark);
    const system::Outcome outcome = tunnel ? publish_tunnel(*tunnel) : tunnel.error();
    if (!outcome) {
        log_.error(outcome.error().message);
        return false;
    }
    took(*tunnel);
    log_.note("published: what leaves through interface " + std::to_string(tunnel->interface_index) +
              " gets the source " + to_string(source_of(*tunnel)));
    if (system_host_model().weak_by_nature) {
        log_.note("this system has the weak host model by nature, as Windows before Vista has: nothing had to be set");
    }
    install();
    return true;
}

void Session::took(const Tunnel& tunnel) {
    published_ = tunnel;
    trouble_.clear();
    const auto owner = system::find_address(source_of(tunnel));
    if (owner && *owner) physical_interface_ = (*owner)->interface_index;
}

// Wi-Fi has roamed, or DHCP given another address: what is published would name a source that is gone.
void Session::follow_addresses() noexcept {
    try {
        std::string remark;
        const auto tunnel = describe(remark);
        // An interface that was away comes back with its switches off.
        if (tunnel && *tunnel == published_ && are_on(system_host_model(), switches_for(*tunnel))) {
            return;
        }
        const system::Outcome outcome = tunnel ? publish_tunnel(*tunnel) : tunnel.error();
        if (outcome) {
            took(*tunnel);
            other_thread_log_.note("this host's interfaces changed: published anew with the source " +
                                   to_string(source_of(*tunnel)));
        } else if (outcome.error().message != trouble_) {
            // Once, not each time that it is looked at.
            trouble_ = outcome.error().message;
            other_thread_log_.error("this host's interfaces changed, and what is published stays as it was: " +
                                    trouble_);
        }
    } catch (const std::exception&) {
        // Out of memory: tried again the next time.
    }
}

void Session::withdraw() {
    watch_.stop();
    if (published_) {
        const system::Outcome outcome = withdraw_tunnel(name_);
        if (outcome || outcome.error().code == "ERROR_FILE_NOT_FOUND") {
            log_.note("withdrawn");
        } else {
            log_.error(outcome.error().message);
        }
        published_.reset();
        physical_interface_ = 0;
    }
    uninstall();
}

void Session::install() {
    const auto installed = install_if_missing(provider_dll_);
    if (!installed) {
        log_.warning("the provider is not installed and could not be: " + installed.error().message);
        return;
    }
    if (!installed->changed) return;
    installed_ = true;
    log_.note("installed the provider " + system::narrow(installed->path));
}

void Session::uninstall() {
    if (!installed_) return;
    installed_ = false;
    // Another tunnel's session found the provider there, and needs it. A withdrawn tunnel of ours that is still in the
    // store does not count.
    const auto policy = system::read_policy();
    const auto needs = [this](const Tunnel& tunnel) { return std::string_view(tunnel.name) != name_; };
    const std::vector<Tunnel> others = policy ? system::tunnels_in_force(policy->tunnels) : std::vector<Tunnel>();
    if (std::any_of(others.begin(), others.end(), needs)) {
        log_.note("left the provider that this session had installed to another tunnel");
        return;
    }
    const auto removed = remove_provider();
    if (removed) {
        log_.note("removed the provider that this session had installed");
    } else {
        log_.error(removed.error().message);
    }
}

}  // namespace lsp::setup
