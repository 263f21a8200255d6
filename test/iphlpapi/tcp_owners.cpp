// GetExtendedTcpTable: Wine's, which knows no owner of a socket that listens or was accepted, and has one user. Whose
// they are here is told by the program's environment, so that there can be another user's.
#include <cstdio>
#include <cwchar>

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

template <typename Table>
void TellOwners(void* memory) {
    auto* const table = static_cast<Table*>(memory);
    for (DWORD i = 0; i < table->dwNumEntries; ++i) {
        auto& row = table->table[i];
        FindOwner(row.dwState == MIB_TCP_STATE_LISTEN, PortOf(row.dwLocalPort), row.dwOwningPid);
    }
}

}  // namespace
}  // namespace test_iphlpapi

IPHLPAPI_EXPORT(GetExtendedTcpTable, void* table, DWORD* size, BOOL order, ULONG family, int table_class,
                ULONG reserved) {
    using namespace test_iphlpapi;
    static const auto function = Wine<DWORD WINAPI(void*, DWORD*, BOOL, ULONG, int, ULONG)>("GetExtendedTcpTable");
    if (!function) return ERROR_NOT_SUPPORTED;
    const DWORD error = function(table, size, order, family, table_class, reserved);
    if (error != NO_ERROR || !table || table_class < TCP_TABLE_OWNER_PID_LISTENER ||
        table_class > TCP_TABLE_OWNER_PID_ALL) {
        return error;
    }
    if (family == AF_INET) TellOwners<MIB_TCPTABLE_OWNER_PID>(table);
    if (family == AF_INET6) TellOwners<MIB_TCP6TABLE_OWNER_PID>(table);
    return error;
}
