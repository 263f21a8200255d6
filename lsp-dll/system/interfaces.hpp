// The host's interfaces and addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../core/address.hpp"
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

}  // namespace lsp::system
