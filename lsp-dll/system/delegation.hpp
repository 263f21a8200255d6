// Tunnels that are published by people who are no administrators (design §7), as input that is not trusted.
//
// They are kept in a key of their own, DelegatedTunnels, where `install --publishers GROUP` lets one more group make
// subkeys. So where a tunnel is written tells who wrote it: nobody can pass for an administrator, and however many are
// made there, those in Tunnels are read. docs/security.md has the whole of it.
#pragma once

#include <string.h>

#include <algorithm>
#include <span>

#include "../core/tunnel.hpp"
#include "store_reader.hpp"
#include "uplink.hpp"

namespace lsp::system {

// True if the interface is a network card, and not one that exists in software only. False if the system cannot tell;
// true if there is no memory to ask with, of which it takes as much as this.
bool is_hardware(std::uint32_t interface_index);
extern const std::size_t bytes_of_hardware_look;

// What is asked about interfaces, so that a test can stand in for the system.
struct InterfaceQuestions {
    bool (*hardware)(std::uint32_t) = is_hardware;
    bool (*default_route)(std::uint32_t, Family) = carries_default_route;
    bool (*weak_send)(std::uint32_t, Family) = sends_as_weak_host;
    bool (*weak_receive)(std::uint32_t, Family) = receives_as_weak_host;
};

struct DelegatedFault {
    TunnelRejection rejected = TunnelRejection::none;
    IpAddress address;                  // the one that is not there
    std::uint32_t interface_index = 0;  // whose host model is strong
};

// Why packets with that source shall not, or cannot, go the tunnel's way.
template <typename Addresses>
DelegatedFault judge_tunnels_way(std::uint32_t tunnel_interface, const IpAddress& source, const Addresses& addresses,
                                 const InterfaceQuestions& ask) {
    const Family family = source.family;
    if (ask.default_route(tunnel_interface, family)) return {TunnelRejection::interface_has_default_route, {}, 0};
    for (const auto& entry : addresses) {
        if (entry.address.address != source || entry.interface_index == tunnel_interface) continue;
        if (!ask.weak_send(entry.interface_index, family))
            return {TunnelRejection::weak_send_is_off, {}, entry.interface_index};
    }
    if (!ask.weak_receive(tunnel_interface, family))
        return {TunnelRejection::weak_receive_is_off, {}, tunnel_interface};
    return {};
}

// Why a delegated tunnel is not in force on a host with these addresses, beside these tunnels; or none:
//   - it names no publisher (it may name a process of somebody else's);
//   - its interface does not have its addresses: it is not that tunnel's interface. (The prefix length may be another:
//     OpenVPN gives tun adapters /128 for IPv6, and /30 in the topologies net30 and p2p);
//   - its interface is a network card (GetIfEntry2; not asked before Vista);
//   - a source is not this host's, or the tunnel interface's own;
//   - its interface carries the best default route of a source's family: it is the way to the network, and an uplink
//     is often no card (a virtual switch, a team, a bridge);
//   - the host model does not let its packets leave or come in (uplink.hpp): they would be dropped;
//   - another of these tunnels is in force and has that interface already. (A delegated one of its name is itself.)
// `addresses` are HostAddress or InterfaceAddress, `others` TunnelEntry or StoredTunnel.
template <typename Addresses, typename Others>
DelegatedFault judge_delegated_tunnel(const Tunnel& tunnel, const Addresses& addresses, const Others& others,
                                      const InterfaceQuestions& ask = InterfaceQuestions()) {
    if (tunnel.publisher.process_id == 0) return {TunnelRejection::no_publisher, {}, 0};
    const auto has = [&](const IpAddress& address, bool tunnel_interface) {
        return std::any_of(addresses.begin(), addresses.end(), [&](const auto& entry) {
            return (entry.interface_index == tunnel.interface_index) == tunnel_interface &&
                   entry.address.address == address;
        });
    };
    for (const IpAddress* const own : {&tunnel.address4.address, &tunnel.address6.address}) {
        if (*own && !has(*own, true)) return {TunnelRejection::address_not_there, *own, 0};
    }
    for (const IpAddress* const source : {&tunnel.source4, &tunnel.source6}) {
        if (*source && !has(*source, false)) return {TunnelRejection::source_not_there, *source, 0};
    }
    const bool taken = std::any_of(others.begin(), others.end(), [&](const auto& other) {
        const bool itself = other.tunnel.delegated && _stricmp(other.tunnel.name.c_str(), tunnel.name.c_str()) == 0;
        return !itself && is_in_force(other) && other.tunnel.interface_index == tunnel.interface_index;
    });
    if (taken) return {TunnelRejection::interface_taken, {}, 0};
    if (ask.hardware(tunnel.interface_index)) return {TunnelRejection::interface_is_hardware, {}, 0};
    for (const IpAddress* const source : {&tunnel.source4, &tunnel.source6}) {
        if (!*source) continue;
        const DelegatedFault fault = judge_tunnels_way(tunnel.interface_index, *source, addresses, ask);
        if (fault.rejected != TunnelRejection::none) return fault;
    }
    return {};
}

}  // namespace lsp::system
