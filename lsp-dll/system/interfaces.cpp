#include "interfaces.hpp"

#include "host_addresses.hpp"

namespace lsp::system {

Result<std::vector<InterfaceAddress>> interface_addresses() {
    HostAddresses host;
    if (const std::uint32_t error = host.read()) {
        return system_error(error, host.function(), "Cannot read the addresses of this host");
    }
    std::vector<InterfaceAddress> result;
    for (const HostAddress& entry : host.all()) {
        result.push_back({entry.interface_index, entry.address, std::wstring(entry.alias)});
    }
    return result;
}

Result<std::optional<InterfaceAddress>> find_address(const IpAddress& address) {
    auto addresses = interface_addresses();
    if (!addresses) return addresses.error();
    for (InterfaceAddress& entry : *addresses) {
        if (entry.address.address == address) return std::optional<InterfaceAddress>(std::move(entry));
    }
    return std::optional<InterfaceAddress>();
}

bool interface_exists(std::uint32_t interface_index) {
    const auto addresses = interface_addresses();
    if (!addresses) return false;
    for (const InterfaceAddress& entry : *addresses) {
        if (entry.interface_index == interface_index) return true;
    }
    return false;
}

}  // namespace lsp::system
