// Interfaces' settings of one protocol, as Windows has them since Vista: the switches of the host model. What is set
// lives in a volatile key of the registry, so that all processes of the prefix see it and it is gone when Wine ends, as
// on Windows at a reboot.
#include <string>

#include "recording.h"
#include "wine.h"

namespace test_iphlpapi {
namespace {

constexpr wchar_t settingsKey[] = L"SOFTWARE\\test-iphlpapi";

// "1689399632855040/2"
std::wstring KeyOf(const MIB_IPINTERFACE_ROW& row) {
    return std::wstring(settingsKey) + L"\\" + std::to_wstring(row.InterfaceLuid.Value) + L"-" +
           std::to_wstring(row.Family);
}

BOOLEAN ReadSwitch(const std::wstring& key, const wchar_t* name) {
    DWORD value = 0, size = sizeof value;
    HKEY opened = nullptr;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key.c_str(), 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &opened) != ERROR_SUCCESS)
        return FALSE;
    const LONG error = RegQueryValueExW(opened, name, nullptr, nullptr, reinterpret_cast<BYTE*>(&value), &size);
    RegCloseKey(opened);
    return error == ERROR_SUCCESS && value != 0;
}

LONG WriteSwitches(const MIB_IPINTERFACE_ROW& row) {
    HKEY key = nullptr;
    LONG error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, KeyOf(row).c_str(), 0, nullptr, REG_OPTION_VOLATILE,
                                 KEY_SET_VALUE | KEY_WOW64_64KEY, nullptr, &key, nullptr);
    if (error != ERROR_SUCCESS) return error;
    const DWORD send = row.WeakHostSend, receive = row.WeakHostReceive;
    error = RegSetValueExW(key, L"WeakHostSend", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&send), sizeof send);
    if (error == ERROR_SUCCESS)
        error = RegSetValueExW(key, L"WeakHostReceive", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&receive),
                               sizeof receive);
    RegCloseKey(key);
    return error;
}

bool IsAdministrator() {
    SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
    PSID administrators = nullptr;
    BOOL member = FALSE;
    if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                  &administrators))
        return false;
    if (!CheckTokenMembership(nullptr, administrators, &member)) member = FALSE;
    FreeSid(administrators);
    return member != FALSE;
}

// Fills in the number that is missing. As Windows: an index that nobody has is ERROR_FILE_NOT_FOUND, a LUID
// ERROR_NOT_FOUND.
DWORD Identify(MIB_IPINTERFACE_ROW& row) {
    if (row.Family != AF_INET && row.Family != AF_INET6) return ERROR_INVALID_PARAMETER;
    if (row.InterfaceLuid.Value != 0) {
        const auto convert = Wine<DWORD WINAPI(const NET_LUID*, NET_IFINDEX*)>("ConvertInterfaceLuidToIndex");
        return convert(&row.InterfaceLuid, &row.InterfaceIndex) == NO_ERROR ? NO_ERROR : ERROR_NOT_FOUND;
    }
    const auto convert = Wine<DWORD WINAPI(NET_IFINDEX, NET_LUID*)>("ConvertInterfaceIndexToLuid");
    return convert(row.InterfaceIndex, &row.InterfaceLuid) == NO_ERROR ? NO_ERROR : ERROR_FILE_NOT_FOUND;
}

std::string Boolean(BOOLEAN value) { return value ? "true" : "false"; }

}  // namespace
}  // namespace test_iphlpapi

using namespace test_iphlpapi;

extern "C" void WINAPI
own_InitializeIpInterfaceEntry(MIB_IPINTERFACE_ROW* row) __asm__(OWN_SYMBOL(InitializeIpInterfaceEntry));
extern "C" void WINAPI own_InitializeIpInterfaceEntry(MIB_IPINTERFACE_ROW* row) {
    *row = {};
    // "Leave it as it is", of the members that have a value for that.
    row->Metric = 0xFFFFFFFF;
    row->NlMtu = 0xFFFFFFFF;
    row->SitePrefixLength = 0xFFFFFFFF;
}

IPHLPAPI_EXPORT(GetIpInterfaceEntry, MIB_IPINTERFACE_ROW* row) {
    if (!row) return ERROR_INVALID_PARAMETER;
    if (const DWORD error = Identify(*row); error != NO_ERROR) return error;
    const std::wstring key = KeyOf(*row);
    row->WeakHostSend = ReadSwitch(key, L"WeakHostSend");
    row->WeakHostReceive = ReadSwitch(key, L"WeakHostReceive");
    row->Connected = TRUE;
    row->NlMtu = 1500;
    // Of IPv4 too, as Windows does; SetIpInterfaceEntry takes 32 at most.
    row->SitePrefixLength = 64;
    return NO_ERROR;
}

IPHLPAPI_EXPORT(SetIpInterfaceEntry, MIB_IPINTERFACE_ROW* row) {
    if (!row) return ERROR_INVALID_PARAMETER;
    DWORD error = Identify(*row);
    if (error == NO_ERROR && row->Family == AF_INET && row->SitePrefixLength > 32) error = ERROR_INVALID_PARAMETER;
    if (error == NO_ERROR && !IsAdministrator()) error = ERROR_ACCESS_DENIED;
    if (error == NO_ERROR) error = static_cast<DWORD>(WriteSwitches(*row));
    Record("\"call\":\"SetIpInterfaceEntry\",\"interface\":" + std::to_string(row->InterfaceIndex) +
           ",\"family\":" + (row->Family == AF_INET ? "4" : "6") + ",\"weakHostSend\":" + Boolean(row->WeakHostSend) +
           ",\"weakHostReceive\":" + Boolean(row->WeakHostReceive) + ",\"error\":" + std::to_string(error));
    return error;
}

IPHLPAPI_EXPORT(GetIfEntry2, MIB_IF_ROW2* row) {
    const DWORD error = Wine<DWORD WINAPI(MIB_IF_ROW2*)>("GetIfEntry2")(row);
    // Wine calls every interface but the loopback one a network card. Of Linux' names, these are.
    if (error == NO_ERROR)
        row->InterfaceAndOperStatusFlags.HardwareInterface =
            wcsncmp(row->Alias, L"eth", 3) == 0 || wcsncmp(row->Alias, L"en", 2) == 0;
    return error;
}
