// Tunnels that are published by people who are no administrators (design §7), as input that is not trusted.
//
// They are kept in a key of their own, DelegatedTunnels, where `install --publishers GROUP` lets one more group make
// subkeys. So where a tunnel is written tells who wrote it: nobody can pass for an administrator, and however many are
// made there, those in Tunnels are read. docs/security.md has the whole of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../core/tunnel.hpp"
#include "interfaces.hpp"
#include "policy_store.hpp"
#include "uplink.hpp"

namespace lsp::system {

// True if the interface is a network card, and not one that exists in software only. False if the system cannot tell.
bool is_hardware(std::uint32_t interface_index);

// What is asked about interfaces, so that a test can stand in for the system.
struct InterfaceQuestions {
    bool (*hardware)(std::uint32_t) = is_hardware;
    bool (*default_route)(std::uint32_t, Family) = carries_default_route;
    bool (*weak_send)(std::uint32_t, Family) = sends_as_weak_host;
    bool (*weak_receive)(std::uint32_t, Family) = receives_as_weak_host;
};

// Why a delegated tunnel is not in force on a host with these addresses, beside these tunnels; or empty:
//   - it names no publisher (it may name a process of somebody else's);
//   - its interface does not have its addresses: it is not that tunnel's interface. (The prefix length may be another:
//     OpenVPN gives tun adapters /128 for IPv6, and /30 in the topologies net30 and p2p);
//   - its interface is a network card (GetIfEntry2; not asked before Vista);
//   - a source is not this host's, or the tunnel interface's own;
//   - its interface carries the best default route of a source's family: it is the way to the network, and an uplink
//     is often no card (a virtual switch, a team, a bridge);
//   - the host model does not let its packets leave or come in (uplink.hpp): they would be dropped;
//   - another of these tunnels is in force and has that interface already. (A delegated one of its name is itself.)
std::string delegated_tunnel_fault(const Tunnel& tunnel, const std::vector<InterfaceAddress>& addresses,
                                   std::span<const StoredTunnel> others,
                                   const InterfaceQuestions& ask = InterfaceQuestions());

}  // namespace lsp::system
