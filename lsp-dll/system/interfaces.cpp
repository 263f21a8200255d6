#include "interfaces.hpp"

#include <cstddef>
#include <memory>

#include "ip_helper.hpp"

namespace lsp::system {
namespace {

constexpr ULONG first_table_bytes = 16 * 1024;
constexpr int table_attempts = 5;  // it may grow between two questions
constexpr ULONG address_flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;

// A table of the system's in memory that is aligned for it.
class Table {
  public:
    explicit Table(ULONG bytes) : words_(new std::max_align_t[bytes / sizeof(std::max_align_t) + 1]) {}
    template <typename T>
    T* as() {
        return reinterpret_cast<T*>(words_.get());
    }

  private:
    std::unique_ptr<std::max_align_t[]> words_;
};

Error address_error(DWORD error, const char* syscall) {
    return system_error(error, syscall, "Cannot read the addresses of this host");
}

std::uint8_t prefix_length(const IP_ADAPTER_UNICAST_ADDRESS& unicast, const IpAddress& address) {
    // NT 5 gives a shorter structure, without the prefix length.
    constexpr std::size_t needed = offsetof(IP_ADAPTER_UNICAST_ADDRESS_LH, OnLinkPrefixLength) + 1;
    const std::uint8_t full = static_cast<std::uint8_t>(address.bit_length());
    if (unicast.Length < needed) return full;
    const auto& longer = reinterpret_cast<const IP_ADAPTER_UNICAST_ADDRESS_LH&>(unicast);
    return longer.OnLinkPrefixLength > full ? full : longer.OnLinkPrefixLength;
}

Result<std::vector<InterfaceAddress>> ask_adapters() {
    const auto function = ip_helper::get_adapters_addresses.get();
    ULONG size = first_table_bytes;
    for (int attempt = 0;; ++attempt) {
        Table table(size);
        const ULONG error = function(AF_UNSPEC, address_flags, nullptr, table.as<IP_ADAPTER_ADDRESSES>(), &size);
        if (error == ERROR_BUFFER_OVERFLOW && attempt + 1 < table_attempts) continue;
        std::vector<InterfaceAddress> result;
        if (error == ERROR_NO_DATA) return result;
        if (error != NO_ERROR) return address_error(error, "GetAdaptersAddresses");
        for (auto* adapter = table.as<IP_ADAPTER_ADDRESSES>(); adapter != nullptr; adapter = adapter->Next) {
            for (auto* unicast = adapter->FirstUnicastAddress; unicast != nullptr; unicast = unicast->Next) {
                InterfaceAddress entry;
                entry.address.address = ip_helper::from_sockaddr(unicast->Address.lpSockaddr);
                if (!entry.address.address) continue;
                const bool ipv4 = entry.address.address.family == Family::ipv4;
                entry.address.length = prefix_length(*unicast, entry.address.address);
                entry.interface_index = ipv4 || adapter->Ipv6IfIndex == 0 ? adapter->IfIndex : adapter->Ipv6IfIndex;
                if (adapter->FriendlyName != nullptr) entry.alias = adapter->FriendlyName;
                result.push_back(std::move(entry));
            }
        }
        return result;
    }
}

Result<std::vector<InterfaceAddress>> ask_ip_table() {
    const auto function = ip_helper::get_ip_addr_table.get();
    if (function == nullptr) return address_error(ERROR_CALL_NOT_IMPLEMENTED, "GetIpAddrTable");
    ULONG size = first_table_bytes;
    for (int attempt = 0;; ++attempt) {
        Table table(size);
        const DWORD error = function(table.as<MIB_IPADDRTABLE>(), &size, FALSE);
        if (error == ERROR_INSUFFICIENT_BUFFER && attempt + 1 < table_attempts) continue;
        std::vector<InterfaceAddress> result;
        if (error == ERROR_NO_DATA) return result;
        if (error != NO_ERROR) return address_error(error, "GetIpAddrTable");
        const auto* addresses = table.as<MIB_IPADDRTABLE>();
        for (DWORD i = 0; i < addresses->dwNumEntries; ++i) {
            const MIB_IPADDRROW& row = addresses->table[i];
            if (row.dwAddr == 0) continue;
            InterfaceAddress entry;
            entry.interface_index = row.dwIndex;
            entry.address.address = IpAddress::v4(&row.dwAddr);
            entry.address.length = netmask_length(IpAddress::v4(&row.dwMask)).value_or(32);
            result.push_back(std::move(entry));
        }
        return result;
    }
}

}  // namespace

Result<std::vector<InterfaceAddress>> interface_addresses() {
    return ip_helper::get_adapters_addresses.get() != nullptr ? ask_adapters() : ask_ip_table();
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
