#include "wine.h"

namespace test_iphlpapi {

void* WineFunction(const char* name) {
    static const HMODULE wine = LoadLibraryW(L"wine_iphlpapi.dll");  // so called by test/support/system_dlls.ts
    return wine ? reinterpret_cast<void*>(GetProcAddress(wine, name)) : nullptr;
}

MIB_IPFORWARD_TABLE2* Routes() {
    static const auto function = Wine<DWORD WINAPI(ADDRESS_FAMILY, MIB_IPFORWARD_TABLE2**)>("GetIpForwardTable2");
    MIB_IPFORWARD_TABLE2* table = nullptr;
    return function && function(AF_UNSPEC, &table) == NO_ERROR ? table : nullptr;
}

MIB_UNICASTIPADDRESS_TABLE* Addresses() {
    static const auto function =
        Wine<DWORD WINAPI(ADDRESS_FAMILY, MIB_UNICASTIPADDRESS_TABLE**)>("GetUnicastIpAddressTable");
    MIB_UNICASTIPADDRESS_TABLE* table = nullptr;
    return function && function(AF_UNSPEC, &table) == NO_ERROR ? table : nullptr;
}

void Free(void* table) {
    static const auto function = Wine<void WINAPI(void*)>("FreeMibTable");
    if (table) function(table);
}

}  // namespace test_iphlpapi
