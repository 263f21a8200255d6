// GetBestRoute2: of the routes that Wine's tables have the most specific, then the one of the lowest metric; and the
// source address that goes with it. Wine 8's own answers ERROR_NOT_SUPPORTED.
#include <cstring>
#include <string>

#include "recording.h"
#include "wine.h"

namespace test_iphlpapi {
namespace {

unsigned BitLength(ADDRESS_FAMILY family) { return family == AF_INET ? 32 : 128; }

const unsigned char* Bytes(const SOCKADDR_INET& address) {
    return address.si_family == AF_INET ? reinterpret_cast<const unsigned char*>(&address.Ipv4.sin_addr)
                                        : reinterpret_cast<const unsigned char*>(&address.Ipv6.sin6_addr);
}

bool SamePrefix(const SOCKADDR_INET& a, const SOCKADDR_INET& b, unsigned length) {
    if (a.si_family != b.si_family || length > BitLength(a.si_family)) return false;
    const unsigned char *left = Bytes(a), *right = Bytes(b);
    const unsigned whole = length / 8, rest = length % 8;
    if (std::memcmp(left, right, whole) != 0) return false;
    return rest == 0 || ((left[whole] ^ right[whole]) >> (8 - rest)) == 0;
}

bool IsZero(const SOCKADDR_INET& address) {
    const unsigned char* bytes = Bytes(address);
    for (unsigned i = 0; i < BitLength(address.si_family) / 8; ++i) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

std::string Text(const SOCKADDR_INET& address) {
    char text[64] = "";
    // inet_ntop would bring Winsock into every process that asks for a route.
    const unsigned char* bytes = Bytes(address);
    if (address.si_family == AF_INET)
        wsprintfA(text, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    else
        for (unsigned i = 0; i < 16; i += 2)
            wsprintfA(text + lstrlenA(text), i ? ":%x" : "%x", bytes[i] << 8 | bytes[i + 1]);
    return text;
}

const MIB_IPFORWARD_ROW2* Choose(const MIB_IPFORWARD_TABLE2& routes, const SOCKADDR_INET& destination,
                                 NET_IFINDEX only) {
    const MIB_IPFORWARD_ROW2* best = nullptr;
    for (ULONG i = 0; i < routes.NumEntries; ++i) {
        const MIB_IPFORWARD_ROW2& route = routes.Table[i];
        if (only != 0 && route.InterfaceIndex != only) continue;
        if (!SamePrefix(route.DestinationPrefix.Prefix, destination, route.DestinationPrefix.PrefixLength)) continue;
        const bool longer = best && route.DestinationPrefix.PrefixLength > best->DestinationPrefix.PrefixLength;
        const bool as_long = best && route.DestinationPrefix.PrefixLength == best->DestinationPrefix.PrefixLength;
        if (!best || longer || (as_long && route.Metric < best->Metric)) best = &route;
    }
    return best;
}

// An address of the interface: the one whose subnet has the next hop, or the destination itself on the link.
const MIB_UNICASTIPADDRESS_ROW* SourceOn(const MIB_UNICASTIPADDRESS_TABLE& addresses, NET_IFINDEX interface_index,
                                         const SOCKADDR_INET& near_to) {
    const MIB_UNICASTIPADDRESS_ROW* first = nullptr;
    for (ULONG i = 0; i < addresses.NumEntries; ++i) {
        const MIB_UNICASTIPADDRESS_ROW& row = addresses.Table[i];
        if (row.InterfaceIndex != interface_index || row.Address.si_family != near_to.si_family) continue;
        if (SamePrefix(row.Address, near_to, row.OnLinkPrefixLength)) return &row;
        if (!first) first = &row;
    }
    return first;
}

const MIB_UNICASTIPADDRESS_ROW* Own(const MIB_UNICASTIPADDRESS_TABLE& addresses, const SOCKADDR_INET& address) {
    for (ULONG i = 0; i < addresses.NumEntries; ++i) {
        if (SamePrefix(addresses.Table[i].Address, address, BitLength(address.si_family))) return &addresses.Table[i];
    }
    return nullptr;
}

DWORD Answer(NET_IFINDEX only, const SOCKADDR_INET& destination, MIB_IPFORWARD_ROW2& route, SOCKADDR_INET& source) {
    auto* const routes = Routes();
    auto* const addresses = Addresses();
    DWORD error = ERROR_NETWORK_UNREACHABLE;
    if (routes && addresses) {
        if (const auto* own = Own(*addresses, destination)) {
            route.InterfaceIndex = own->InterfaceIndex;
            route.InterfaceLuid = own->InterfaceLuid;
            route.DestinationPrefix = {destination, static_cast<UINT8>(BitLength(destination.si_family))};
            route.NextHop.si_family = destination.si_family;
            source = destination;
            error = NO_ERROR;
        } else if (const auto* best = Choose(*routes, destination, only)) {
            route = *best;
            const SOCKADDR_INET& near_to = IsZero(best->NextHop) ? destination : best->NextHop;
            const auto* row = SourceOn(*addresses, best->InterfaceIndex, near_to);
            source = row ? row->Address : SOCKADDR_INET{};
            error = row ? NO_ERROR : ERROR_NETWORK_UNREACHABLE;
        }
    }
    Free(routes);
    Free(addresses);
    return error;
}

}  // namespace
}  // namespace test_iphlpapi

using namespace test_iphlpapi;

IPHLPAPI_EXPORT(GetBestRoute2, NET_LUID* luid, NET_IFINDEX index, const SOCKADDR_INET*,
                const SOCKADDR_INET* destination, ULONG, MIB_IPFORWARD_ROW2* route, SOCKADDR_INET* source) {
    if (!destination || !route || !source) return ERROR_INVALID_PARAMETER;
    if (destination->si_family != AF_INET && destination->si_family != AF_INET6) return ERROR_INVALID_PARAMETER;
    if (luid) {
        const auto convert = Wine<DWORD WINAPI(const NET_LUID*, NET_IFINDEX*)>("ConvertInterfaceLuidToIndex");
        if (convert(luid, &index) != NO_ERROR) return ERROR_FILE_NOT_FOUND;
    }
    *route = {};
    *source = {};
    const DWORD error = Answer(index, *destination, *route, *source);
    Record("\"call\":\"GetBestRoute2\",\"destination\":\"" + Text(*destination) +
           "\",\"interface\":" + std::to_string(route->InterfaceIndex) + ",\"source\":\"" +
           (error == NO_ERROR ? Text(*source) : "") + "\",\"error\":" + std::to_string(error));
    return error;
}
