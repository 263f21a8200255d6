// A tunnel as its publisher describes it, and its text form in the policy store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "address.hpp"
#include "fault.hpp"
#include "process_identity.hpp"
#include "rule.hpp"

namespace lsp {

inline constexpr std::size_t longest_tunnel_text = 4096;  // bytes

// The process that stands for a tunnel: the tunnel counts only while it lives. id 0 (then `started` is 0, too): nobody,
// the tunnel stays until it is withdrawn or the system restarts.
using Publisher = ProcessIdentity;

struct Tunnel {
    String name;                        // 1 to 64 of A-Z a-z 0-9 . _ -; names the registry subkey
    std::uint32_t interface_index = 0;  // the tunnel interface; never 0
    Prefix address4;                    // the virtual address and its subnet; Family::none if the tunnel has no IPv4
    Prefix address6;
    IpAddress source4;  // the physical address; Family::none: no rule for this family
    IpAddress source6;
    Otherwise otherwise = Otherwise::keep;
    Publisher publisher;
    // Published by somebody who is no administrator. Told by where it is stored, not by its text. Its subnet is left
    // out of its own rules only, and not kept whatever the administrator's rules say of it.
    bool delegated = false;

    friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

bool is_tunnel_name(std::string_view name) noexcept;

// Why a tunnel cannot be published, or none: name, interface 0, no address, an address that no interface can have
// (special_kind but link-local, subnet_kind), a subnet of length 0 (all destinations would be kept), no source, a
// source without an address of its family, a source that is no ordinary address (special_kind), the virtual address
// itself or subnet_kind in the tunnel's subnet, a publisher's start time without its process id.
Fault find_tunnel_fault(const Tunnel& tunnel) noexcept;

// One line of "key=value" words, e.g. "interface=12 address=128.129.0.2/24 source=11.22.33.44 otherwise=keep
// publisher=4711@133000000000000000". `address` and `source` take one of each family, separated by a comma.
// `interface`, `address` and `source` are required. Unknown keys, repeated keys, garbage and what find_tunnel_fault
// finds are rejected: false, and `fault` says why, with Fault::line 0. The name is the subkey's and not part of the
// text. The printed form (readable.hpp) gives the same tunnel back if find_tunnel_fault finds nothing.
bool read_tunnel(std::string_view name, std::string_view text, Tunnel& tunnel, Fault& fault);

// The tunnel's rules: for each family with a source, "via interface, except subnet → source, otherwise …".
Vector<Rule> tunnel_rules(const Tunnel& tunnel);
// The same at the end of a list.
void add_tunnel_rules(const Tunnel& tunnel, Vector<Rule>& rules);

}  // namespace lsp
