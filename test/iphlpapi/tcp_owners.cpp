// GetExtendedTcpTable: Wine's, which knows no owner of a socket that listens or was accepted, and has one user. Whose
// they are here is told by the program's environment, so that there can be another user's; while it is, Wine is asked
// for its table without owners, because it reads all of /proc for them.
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <utility>
#include <vector>

#include "wine.h"

namespace test_iphlpapi {
namespace {

// TEST_IPHLPAPI_TCP_OWNERS: "listen:PORT=PID peer:PORT=PID …", by the local port; false if it says nothing of it.
bool FindOwner(bool listens, DWORD port, DWORD& owner) {
    wchar_t text[256];
    const DWORD length = GetEnvironmentVariableW(L"TEST_IPHLPAPI_TCP_OWNERS", text, 256);
    if (length == 0 || length >= 256) return false;
    wchar_t wanted[32];
    std::swprintf(wanted, 32, L"%ls:%lu=", listens ? L"listen" : L"peer", port);
    const wchar_t* const found = std::wcsstr(text, wanted);
    if (!found) return false;
    owner = std::wcstoul(found + std::wcslen(wanted), nullptr, 10);
    return true;
}

constexpr DWORD PortOf(DWORD network_order) { return (network_order & 0xff) << 8 | (network_order >> 8 & 0xff); }

DWORD StateOf(const MIB_TCPROW& row) { return row.dwState; }
DWORD StateOf(const MIB_TCP6ROW& row) { return row.State; }

bool IsAsked(DWORD state, int table_class) {
    const bool listens = state == MIB_TCP_STATE_LISTEN;
    if (table_class == TCP_TABLE_OWNER_PID_LISTENER) return listens;
    return table_class == TCP_TABLE_OWNER_PID_ALL || !listens;
}

template <typename Row>
void CopyEnds(Row& to, const MIB_TCPROW& from) {
    to.dwLocalAddr = from.dwLocalAddr;
    to.dwRemoteAddr = from.dwRemoteAddr;
}

template <typename Row>
void CopyEnds(Row& to, const MIB_TCP6ROW& from) {
    std::memcpy(to.ucLocalAddr, &from.LocalAddr, sizeof to.ucLocalAddr);
    std::memcpy(to.ucRemoteAddr, &from.RemoteAddr, sizeof to.ucRemoteAddr);
    to.dwLocalScopeId = from.dwLocalScopeId;
    to.dwRemoteScopeId = from.dwRemoteScopeId;
}

// The rows of Wine's table without owners, with those that the environment tells.
template <typename Table, typename Plain>
DWORD TellOwners(const Plain& plain, int table_class, void* memory, DWORD& size) {
    auto* const table = static_cast<Table*>(memory);
    DWORD rows = 0;
    for (DWORD i = 0; i < plain.dwNumEntries; ++i) {
        if (IsAsked(StateOf(plain.table[i]), table_class)) ++rows;
    }
    const DWORD needed = offsetof(Table, table) + rows * sizeof table->table[0];
    const DWORD given = std::exchange(size, needed);
    if (!table || given < needed) return ERROR_INSUFFICIENT_BUFFER;
    table->dwNumEntries = 0;
    for (DWORD i = 0; i < plain.dwNumEntries; ++i) {
        const auto& from = plain.table[i];
        if (!IsAsked(StateOf(from), table_class)) continue;
        auto& to = table->table[table->dwNumEntries++];
        to = {};
        to.dwState = StateOf(from);
        to.dwLocalPort = from.dwLocalPort;
        to.dwRemotePort = from.dwRemotePort;
        CopyEnds(to, from);
        FindOwner(StateOf(from) == MIB_TCP_STATE_LISTEN, PortOf(from.dwLocalPort), to.dwOwningPid);
    }
    return NO_ERROR;
}

}  // namespace
}  // namespace test_iphlpapi

IPHLPAPI_EXPORT(GetExtendedTcpTable, void* table, DWORD* size, BOOL order, ULONG family, int table_class,
                ULONG reserved) {
    using namespace test_iphlpapi;
    static const auto function = Wine<DWORD WINAPI(void*, DWORD*, BOOL, ULONG, int, ULONG)>("GetExtendedTcpTable");
    if (!function) return ERROR_NOT_SUPPORTED;
    const bool told = GetEnvironmentVariableW(L"TEST_IPHLPAPI_TCP_OWNERS", nullptr, 0) != 0;
    if (!told || table_class < TCP_TABLE_OWNER_PID_LISTENER || table_class > TCP_TABLE_OWNER_PID_ALL) {
        return function(table, size, order, family, table_class, reserved);
    }
    std::vector<std::byte> plain(1024);
    DWORD plain_size = 0;
    DWORD error = ERROR_INSUFFICIENT_BUFFER;
    while (error == ERROR_INSUFFICIENT_BUFFER) {
        plain.resize(plain.size() * 2);
        plain_size = static_cast<DWORD>(plain.size());
        error = function(plain.data(), &plain_size, order, family, TCP_TABLE_BASIC_ALL, reserved);
    }
    if (error != NO_ERROR) return error;
    if (family == AF_INET) {
        const auto& rows = *reinterpret_cast<const MIB_TCPTABLE*>(plain.data());
        return TellOwners<MIB_TCPTABLE_OWNER_PID>(rows, table_class, table, *size);
    }
    // Windows has no such table without owners; Wine has.
    const auto& rows = *reinterpret_cast<const MIB_TCP6TABLE*>(plain.data());
    return TellOwners<MIB_TCP6TABLE_OWNER_PID>(rows, table_class, table, *size);
}
