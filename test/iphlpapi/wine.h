// Wine's own iphlpapi, under the name that it has beside ours.
#pragma once

#include "own.h"

namespace test_iphlpapi {

// A function of Wine's; null if it has none of that name.
void* WineFunction(const char* name);

template <typename Signature>
Signature* Wine(const char* name) {
    return reinterpret_cast<Signature*>(WineFunction(name));
}

// The table that FreeMibTable ends: GetIpForwardTable2 and GetUnicastIpAddressTable, of both families. Null if there is
// none.
MIB_IPFORWARD_TABLE2* Routes();
MIB_UNICASTIPADDRESS_TABLE* Addresses();
void Free(void* table);

}  // namespace test_iphlpapi
