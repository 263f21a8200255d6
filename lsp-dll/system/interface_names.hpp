// What rules call interfaces, made into indices and addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "../core/rule.hpp"
#include "../core/tunnel.hpp"

namespace lsp::system {

// The index of the interface by its LUID, alias, or GUID in braces, as the system tells it; 0 if it tells none. A name
// that is an index only is that index.
std::uint32_t ask_for_interface(const InterfaceName& name) noexcept;
bool is_alias(std::wstring_view alias, const InterfaceName& name) noexcept;

// The same; where the system knows no aliases (NT 5) by the names of the adapters. `addresses` are the host's:
// HostAddress or InterfaceAddress.
template <typename Addresses>
std::uint32_t find_interface(const InterfaceName& name, const Addresses& addresses) {
    if (const std::uint32_t index = ask_for_interface(name)) return index;
    for (const auto& entry : addresses) {
        if (is_alias(entry.alias, name)) return entry.interface_index;
    }
    return 0;
}

// The interface's own address, of the preferred family if it has one, else of the other; no link-local address. None if
// there is none.
template <typename Addresses>
IpAddress interface_source(std::uint32_t interface_index, Family preferred, const Addresses& addresses) {
    IpAddress other;
    for (const auto& entry : addresses) {
        const IpAddress& address = entry.address.address;
        if (entry.interface_index != interface_index || address.is_link_local()) continue;
        if (address.family == preferred) return address;
        if (!other) other = address;
    }
    return other;
}

// The interface's address that the tunnel can have as source: of the preferred family if the tunnel has an address of
// it, else of the other. None if there is none.
template <typename Addresses>
IpAddress tunnel_source(const Tunnel& tunnel, std::uint32_t interface_index, Family preferred,
                        const Addresses& addresses) {
    const Family family = !tunnel.address4.address ? Family::ipv6 : !tunnel.address6.address ? Family::ipv4 : preferred;
    const IpAddress source = interface_source(interface_index, family, addresses);
    return source.family == family ? source : IpAddress{};
}

// True if the rules name an interface in a way that what it means can change while they stay: `via` by a name, `source
// interface` and `through` in any way.
bool follow_interfaces(std::span<const Rule> rules) noexcept;

// Writes the index into every interface that a rule names, and the addresses into every `source interface` and
// `through`: 0 and none for what the host does not have, so that such a rule matches nothing, or refuses
// (core/decide.hpp). The host is asked once, each name is looked up once. True if anything is another than before. If
// the host's addresses cannot be read everything stays, and `error` is the system's: ERROR_NOT_ENOUGH_MEMORY where that
// is why. Takes resolving_bytes of memory.
bool resolve_interfaces(std::span<Rule> rules, std::uint32_t& error);
bool resolve_interfaces(std::span<Rule> rules);
constexpr std::size_t resolving_bytes(std::size_t rules) noexcept { return 2 * 16 * rules; }

}  // namespace lsp::system
