#include "delegation.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "ip_helper.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

std::string interface_text(std::uint32_t index) { return concat({"interface ", index}); }

// Why packets with that source shall not, or cannot, go the tunnel's way.
std::string way_fault(std::uint32_t tunnel_interface, const IpAddress& source,
                      const std::vector<InterfaceAddress>& addresses, const InterfaceQuestions& ask) {
    const Family family = source.family;
    if (ask.default_route(tunnel_interface, family)) {
        return concat({interface_text(tunnel_interface),
                       " carries this host's default route, which only an administrator's tunnel may do (for all "
                       "traffic, redirect-gateway def1 leaves that route where it is)"});
    }
    for (const InterfaceAddress& entry : addresses) {
        if (entry.address.address != source || entry.interface_index == tunnel_interface) continue;
        if (!ask.weak_send(entry.interface_index, family))
            return concat({"WeakHostSend is off on ", interface_text(entry.interface_index)});
    }
    if (!ask.weak_receive(tunnel_interface, family))
        return concat({"WeakHostReceive is off on ", interface_text(tunnel_interface)});
    return {};
}

}  // namespace

bool is_hardware(std::uint32_t interface_index) {
    const auto function = ip_helper::get_if_entry2.get();
    // Wine says so of every interface but the loopback one.
    if (function == nullptr || is_wine()) return false;
    // More than a kilobyte: not on the stack of a thread whose size is somebody else's choice.
    const auto row = std::make_unique<MIB_IF_ROW2>();
    row->InterfaceIndex = interface_index;
    return function(row.get()) == NO_ERROR && row->InterfaceAndOperStatusFlags.HardwareInterface;
}

std::string delegated_tunnel_fault(const Tunnel& tunnel, const std::vector<InterfaceAddress>& addresses,
                                   std::span<const StoredTunnel> others, const InterfaceQuestions& ask) {
    if (tunnel.publisher.process_id == 0) return "it names no publisher, which only an administrator's tunnel may do";
    const auto has = [&](const IpAddress& address, bool tunnel_interface) {
        return std::any_of(addresses.begin(), addresses.end(), [&](const InterfaceAddress& entry) {
            return (entry.interface_index == tunnel.interface_index) == tunnel_interface &&
                   entry.address.address == address;
        });
    };
    for (const IpAddress& own : {tunnel.address4.address, tunnel.address6.address}) {
        if (own && !has(own, true))
            return concat({interface_text(tunnel.interface_index), " does not have the address ", to_string(own)});
    }
    for (const IpAddress& source : {tunnel.source4, tunnel.source6}) {
        if (source && !has(source, false))
            return concat({"no other interface of this host has the source ", to_string(source)});
    }
    const bool taken = std::any_of(others.begin(), others.end(), [&](const StoredTunnel& other) {
        const bool itself = other.tunnel.delegated && _stricmp(other.tunnel.name.c_str(), tunnel.name.c_str()) == 0;
        return !itself && is_in_force(other) && other.tunnel.interface_index == tunnel.interface_index;
    });
    if (taken) return concat({"another tunnel has ", interface_text(tunnel.interface_index)});
    if (ask.hardware(tunnel.interface_index)) {
        return concat({interface_text(tunnel.interface_index), " is a network card"});
    }
    for (const IpAddress& source : {tunnel.source4, tunnel.source6}) {
        if (!source) continue;
        std::string fault = way_fault(tunnel.interface_index, source, addresses, ask);
        if (!fault.empty()) return fault;
    }
    return {};
}

}  // namespace lsp::system
