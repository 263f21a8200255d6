// What rules call interfaces, made into indices and addresses.
#pragma once

#include <string>
#include <vector>

#include "../core/rule.hpp"
#include "../core/tunnel.hpp"
#include "interfaces.hpp"

namespace lsp::system {

// The index of the interface by its LUID, alias, or GUID in braces; 0 if the host has none such. `addresses` are the
// host's, for systems that know no aliases (NT 5) but have adapters' names. A name that is an index only is that index.
std::uint32_t find_interface(const InterfaceName& name, const std::vector<InterfaceAddress>& addresses);

// The interface's own address, of the preferred family if it has one, else of the other; no link-local address. None if
// there is none.
IpAddress interface_source(std::uint32_t interface_index, Family preferred,
                           const std::vector<InterfaceAddress>& addresses);

// The interface's address that the tunnel can have as source: of the preferred family if the tunnel has an address of
// it, else of the other. None if there is none.
IpAddress tunnel_source(const Tunnel& tunnel, std::uint32_t interface_index, Family preferred,
                        const std::vector<InterfaceAddress>& addresses);

// True if the rules name an interface in a way that what it means can change while they stay: `via` by a name, `source
// interface` in any way.
bool follow_interfaces(const std::vector<Rule>& rules);

// Writes the index into every interface that a rule names, and the address into every `source interface`: 0 and none
// for what the host does not have, so that such a rule matches nothing, or refuses (core/decide.hpp). The host is asked
// once, each name is looked up once. True if anything is another than before. If the host's addresses cannot be read
// everything stays.
bool resolve_interfaces(std::vector<Rule>& rules);

}  // namespace lsp::system
