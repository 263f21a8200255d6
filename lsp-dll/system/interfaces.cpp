#include "interfaces.hpp"

#include <cstddef>
#include <cstdlib>
#include <cwchar>
#include <memory>

#include "ip_helper.hpp"
#include "text.hpp"

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

int hex_digit(wchar_t c) {
    if (c >= L'0' && c <= L'9') return c - L'0';
    if (c >= L'a' && c <= L'f') return c - L'a' + 10;
    if (c >= L'A' && c <= L'F') return c - L'A' + 10;
    return -1;
}

// "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}", the digits in the order in which a GUID is written.
bool parse_guid(const std::wstring& text, GUID& guid) {
    static constexpr wchar_t shape[] = L"{00000000-0000-0000-0000-000000000000}";
    if (text.size() != std::wcslen(shape)) return false;
    unsigned char bytes[16] = {};
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (shape[i] != L'0') {
            if (text[i] != shape[i]) return false;
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) return false;
        bytes[digits / 2] = static_cast<unsigned char>(bytes[digits / 2] << 4 | digit);
        ++digits;
    }
    guid.Data1 = static_cast<unsigned long>(bytes[0]) << 24 | static_cast<unsigned long>(bytes[1]) << 16 |
                 static_cast<unsigned long>(bytes[2]) << 8 | bytes[3];
    guid.Data2 = static_cast<unsigned short>(bytes[4] << 8 | bytes[5]);
    guid.Data3 = static_cast<unsigned short>(bytes[6] << 8 | bytes[7]);
    for (std::size_t i = 0; i < 8; ++i) guid.Data4[i] = bytes[8 + i];
    return true;
}

std::uint32_t index_of(const NET_LUID& luid) {
    const auto function = ip_helper::convert_interface_luid_to_index.get();
    NET_IFINDEX index = 0;
    return function != nullptr && function(&luid, &index) == NO_ERROR ? index : 0;
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

std::uint32_t find_interface(const std::string& name) {
    const std::wstring wide = widen(name);
    NET_LUID luid{};
    GUID guid{};
    const auto by_guid = ip_helper::convert_interface_guid_to_luid.get();
    if (parse_guid(wide, guid)) return by_guid != nullptr && by_guid(&guid, &luid) == NO_ERROR ? index_of(luid) : 0;

    const auto by_alias = ip_helper::convert_interface_alias_to_luid.get();
    if (by_alias != nullptr && by_alias(wide.c_str(), &luid) == NO_ERROR) {
        if (const std::uint32_t index = index_of(luid)) return index;
    }
    if (const auto addresses = interface_addresses()) {
        for (const InterfaceAddress& entry : *addresses) {
            if (_wcsicmp(entry.alias.c_str(), wide.c_str()) == 0) return entry.interface_index;
        }
    }
    return 0;
}

IpAddress interface_source(std::uint32_t interface_index, Family preferred) {
    const auto addresses = interface_addresses();
    IpAddress other;
    if (!addresses) return other;
    for (const InterfaceAddress& entry : *addresses) {
        const IpAddress& address = entry.address.address;
        if (entry.interface_index != interface_index || address.is_link_local()) continue;
        if (address.family == preferred) return address;
        if (!other) other = address;
    }
    return other;
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
