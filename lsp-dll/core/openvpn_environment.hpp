// OpenVPN's environment for plugins and scripts (openvpn(8), "Environmental Variables"), as hostile input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "address.hpp"

namespace lsp {

// What the environment says of a tunnel, validated. At least one of the families is complete.
struct OpenVpnTunnel {
    std::string device;              // `dev`, e.g. "tun0" or the adapter's name, UTF-8; empty if absent
    std::uint32_t device_index = 0;  // `dev_idx` (Windows, OpenVPN ≥ 2.6); 0 if absent or -1, which is none
    Prefix address4;         // ifconfig_local with ifconfig_netmask, or /32 with ifconfig_remote (point-to-point)
    Prefix address6;         // ifconfig_ipv6_local with ifconfig_ipv6_netbits, or "address/bits" in the former
    IpAddress physical;      // OPENVPN_clientip, the physical address that the server saw; its family is one of the
                             // tunnel's; none if absent
    bool restarted = false;  // `script_context` is "restart": with up-restart, of an interface that persist-tun kept
    IpAddress server;        // trusted_ip, else trusted_ip6; none if absent
};

// Why the environment was rejected.
struct OpenVpnEnvironmentError {
    std::string variable;  // its name
    std::string message;   // what is wrong and what to do; repeats no value that is longer than 64 bytes or unprintable
};

// `environment` is OpenVPN's envp: "NAME=value" strings up to a null pointer; may itself be null. The last of repeated
// names counts, as in OpenVPN's own look-up.
// A variable that is present but malformed (not an address, over-long, the wrong family) is an error even where it is
// optional: half-understood input publishes nothing. So is a value longer than 255 bytes. An empty OPENVPN_clientip is
// none: so it comes from a server's script that pushes an address which it does not have.
std::variant<OpenVpnTunnel, OpenVpnEnvironmentError> parse_openvpn_environment(const char* const* environment);

}  // namespace lsp
