// Private to system: the tables of connections that IPHLPAPI gives (GetExtendedTcpTable, GetExtendedUdpTable).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ip_helper.hpp"
#include "pages.hpp"

namespace lsp::system {

// Ports stand in the low half of a word, in network byte order.
constexpr std::uint16_t port_of(DWORD network_order) noexcept {
    return static_cast<std::uint16_t>((network_order & 0xffU) << 8U | (network_order >> 8U & 0xffU));
}

// Calls `visit` with each row of one family's table, until it answers false. `size`: bytes to begin with; the table may
// grow between two questions. A Win32 error, 0 on success; ERROR_NOT_SUPPORTED where there is no such function.
template <typename Table, typename Function, typename Class, typename Visit>
DWORD for_each_row(Function& looked_up, Class table_class, ULONG family, DWORD size, Visit visit) {
    constexpr int attempts = 8;
    const auto function = looked_up.get();
    if (function == nullptr) return ERROR_NOT_SUPPORTED;
    const DWORD step = size / 4;
    for (int i = 0;; ++i) {
        Pages memory;
        if (!memory.allocate(size)) return ERROR_NOT_ENOUGH_MEMORY;
        const DWORD room = size;
        const DWORD error = function(memory.get(), &size, FALSE, family, table_class, 0);
        if (error == ERROR_INSUFFICIENT_BUFFER && i + 1 < attempts) {
            size = std::max(size, room) + step;
            continue;
        }
        if (error != NO_ERROR) return error;
        const auto& table = *static_cast<const Table*>(memory.get());
        using Row = std::remove_cvref_t<decltype(table.table[0])>;
        const std::size_t most = (room - offsetof(Table, table)) / sizeof(Row);
        const std::size_t count = std::min<std::size_t>(table.dwNumEntries, most);
        const Row* const rows = table.table;
        for (std::size_t row = 0; row < count; ++row) {
            if (!visit(rows[row])) break;
        }
        return NO_ERROR;
    }
}

}  // namespace lsp::system
