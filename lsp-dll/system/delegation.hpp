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

namespace lsp::system {

// True if the interface is a network card, and not one that exists in software only. False if the system cannot tell;
// true if there is no memory to ask with, of which it takes as much as this.
bool is_hardware(std::uint32_t interface_index);
extern const std::size_t bytes_of_hardware_look;

// Why a delegated tunnel is not in force on a host with these addresses, beside these tunnels; or none:
//   - it names no publisher (it may name a process of somebody else's);
//   - its interface does not have its addresses: it is not that tunnel's interface. (The prefix length may be another:
//     OpenVPN gives tun adapters /128 for IPv6, and /30 in the topologies net30 and p2p);
//   - its interface is a network card (GetIfEntry2; not asked before Vista);
//   - a source is not this host's, or the tunnel interface's own;
//   - another of these tunnels is in force and has that interface already. (A delegated one of its name is itself.)
// `addresses` are HostAddress or InterfaceAddress, `others` TunnelEntry or StoredTunnel. `which` is the address that is
// not there.
template <typename Addresses, typename Others>
TunnelRejection judge_delegated_tunnel(const Tunnel& tunnel, const Addresses& addresses, const Others& others,
                                       IpAddress& which) {
    if (tunnel.publisher.process_id == 0) return TunnelRejection::no_publisher;
    const auto has = [&](const IpAddress& address, bool tunnel_interface) {
        which = address;
        return std::any_of(addresses.begin(), addresses.end(), [&](const auto& entry) {
            return (entry.interface_index == tunnel.interface_index) == tunnel_interface &&
                   entry.address.address == address;
        });
    };
    for (const IpAddress* const own : {&tunnel.address4.address, &tunnel.address6.address}) {
        if (*own && !has(*own, true)) return TunnelRejection::address_not_there;
    }
    for (const IpAddress* const source : {&tunnel.source4, &tunnel.source6}) {
        if (*source && !has(*source, false)) return TunnelRejection::source_not_there;
    }
    const bool taken = std::any_of(others.begin(), others.end(), [&](const auto& other) {
        const bool itself = other.tunnel.delegated && _stricmp(other.tunnel.name.c_str(), tunnel.name.c_str()) == 0;
        return !itself && is_in_force(other) && other.tunnel.interface_index == tunnel.interface_index;
    });
    if (taken) return TunnelRejection::interface_taken;
    return is_hardware(tunnel.interface_index) ? TunnelRejection::interface_is_hardware : TunnelRejection::none;
}

}  // namespace lsp::system
