// The host's interfaces and addresses, and the host model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../core/address.hpp"
#include "../core/tunnel.hpp"
#include "error.hpp"

namespace lsp::system {

struct InterfaceAddress {
    std::uint32_t interface_index = 0;
    Prefix address;
    std::wstring alias;  // friendly name, may be empty
};

// Every unicast address of the host. GetAdaptersAddresses, or GetIpAddrTable (IPv4) where that is absent.
Result<std::vector<InterfaceAddress>> interface_addresses();

// The interface that owns the address; nullopt if the host does not have it.
Result<std::optional<InterfaceAddress>> find_address(const IpAddress& address);

// False if no interface of that index has an address, of any family.
bool interface_exists(std::uint32_t interface_index);

// Lets a packet with `source` leave through the tunnel (strong host model, Vista and later): WeakHostSend on the
// interface that owns the source, WeakHostReceive on the tunnel's, for the source's family. Gives what was changed,
// with the values before. Where the system has no SetIpInterfaceEntry (NT 5) nothing is needed and nothing is changed.
// Errors: ERROR_ACCESS_DENIED, ERROR_NOT_FOUND (interface), others as the system gives them; then nothing stays
// changed.
Result<std::vector<HostModelChange>> enable_weak_host(std::uint32_t source_interface, std::uint32_t tunnel_interface,
                                                      Family family);
// Puts the values back. Goes on after an error and gives the first.
Outcome restore_host_model(const std::vector<HostModelChange>& changes);

}  // namespace lsp::system
