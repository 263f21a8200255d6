#include "host_addresses.hpp"

#include <cstddef>
#include <cwchar>
#include <new>

#include "ip_helper.hpp"

namespace lsp::system {
namespace {

constexpr ULONG first_table_bytes = 16 * 1024;
constexpr int table_attempts = 5;  // it may grow between two questions
constexpr ULONG address_flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;

std::uint8_t prefix_length(const IP_ADAPTER_UNICAST_ADDRESS& unicast, const IpAddress& address) {
    // NT 5 gives a shorter structure, without the prefix length.
    constexpr std::size_t needed = offsetof(IP_ADAPTER_UNICAST_ADDRESS_LH, OnLinkPrefixLength) + 1;
    const std::uint8_t full = static_cast<std::uint8_t>(address.bit_length());
    if (unicast.Length < needed) return full;
    const auto& longer = reinterpret_cast<const IP_ADAPTER_UNICAST_ADDRESS_LH&>(unicast);
    return longer.OnLinkPrefixLength > full ? full : longer.OnLinkPrefixLength;
}

template <typename Visit>
void for_each_unicast(const IP_ADAPTER_ADDRESSES* adapter, Visit visit) {
    for (; adapter != nullptr; adapter = adapter->Next) {
        for (auto* unicast = adapter->FirstUnicastAddress; unicast != nullptr; unicast = unicast->Next) {
            const IpAddress address = ip_helper::from_sockaddr(unicast->Address.lpSockaddr);
            if (address) visit(*adapter, *unicast, address);
        }
    }
}

}  // namespace

bool HostAddresses::make_room(std::size_t count) noexcept {
    count_ = 0;
    return count == 0 || entries_.allocate(count * sizeof(HostAddress));
}

void HostAddresses::add(const HostAddress& entry) noexcept {
    ::new (static_cast<HostAddress*>(entries_.get()) + count_++) HostAddress(entry);
}

std::uint32_t HostAddresses::ask_adapters() noexcept {
    const auto function = ip_helper::get_adapters_addresses.get();
    function_ = "GetAdaptersAddresses";
    ULONG size = first_table_bytes;
    for (int attempt = 0;; ++attempt) {
        if (!table_.allocate(size)) return ERROR_NOT_ENOUGH_MEMORY;
        auto* const table = static_cast<IP_ADAPTER_ADDRESSES*>(table_.get());
        const ULONG error = function(AF_UNSPEC, address_flags, nullptr, table, &size);
        if (error == ERROR_BUFFER_OVERFLOW && attempt + 1 < table_attempts) continue;
        if (error == ERROR_NO_DATA) return NO_ERROR;
        if (error != NO_ERROR) return error;
        std::size_t count = 0;
        for_each_unicast(table, [&count](const auto&, const auto&, const IpAddress&) { ++count; });
        if (!make_room(count)) return ERROR_NOT_ENOUGH_MEMORY;
        for_each_unicast(table, [this](const IP_ADAPTER_ADDRESSES& adapter, const IP_ADAPTER_UNICAST_ADDRESS& unicast,
                                       const IpAddress& address) {
            HostAddress entry;
            entry.address = {address, prefix_length(unicast, address)};
            const bool ipv4 = address.family == Family::ipv4;
            entry.interface_index = ipv4 || adapter.Ipv6IfIndex == 0 ? adapter.IfIndex : adapter.Ipv6IfIndex;
            if (adapter.FriendlyName != nullptr) entry.alias = adapter.FriendlyName;
            add(entry);
        });
        return NO_ERROR;
    }
}

std::uint32_t HostAddresses::ask_ip_table() noexcept {
    const auto function = ip_helper::get_ip_addr_table.get();
    function_ = "GetIpAddrTable";
    if (function == nullptr) return ERROR_CALL_NOT_IMPLEMENTED;
    ULONG size = first_table_bytes;
    for (int attempt = 0;; ++attempt) {
        if (!table_.allocate(size)) return ERROR_NOT_ENOUGH_MEMORY;
        auto* const table = static_cast<MIB_IPADDRTABLE*>(table_.get());
        const DWORD error = function(table, &size, FALSE);
        if (error == ERROR_INSUFFICIENT_BUFFER && attempt + 1 < table_attempts) continue;
        if (error == ERROR_NO_DATA) return NO_ERROR;
        if (error != NO_ERROR) return error;
        if (!make_room(table->dwNumEntries)) return ERROR_NOT_ENOUGH_MEMORY;
        for (DWORD i = 0; i < table->dwNumEntries; ++i) {
            const MIB_IPADDRROW& row = table->table[i];
            if (row.dwAddr == 0) continue;
            HostAddress entry;
            entry.interface_index = row.dwIndex;
            const auto length = netmask_length(IpAddress::v4(&row.dwMask));
            entry.address = {IpAddress::v4(&row.dwAddr), length ? *length : std::uint8_t{32}};
            add(entry);
        }
        return NO_ERROR;
    }
}

std::uint32_t HostAddresses::read() noexcept {
    count_ = 0;
    return ip_helper::get_adapters_addresses.get() != nullptr ? ask_adapters() : ask_ip_table();
}

}  // namespace lsp::system
