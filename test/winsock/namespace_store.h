// Where the namespace catalogs are kept: the registry, in Windows' layout. The only writer of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalog.h"

namespace test_winsock {
struct NamespaceEntry {
    GUID provider;
    std::wstring displayString;  // what WSCInstallNameSpace was given: a name, or "@dll,-id"
    std::wstring path;
    DWORD nameSpace, version, enabled, storesServiceClassInfo;
};

struct Namespaces {
    std::vector<NamespaceEntry> bits32;
    std::vector<NamespaceEntry> bits64;

    std::vector<NamespaceEntry>& of(Bitness bitness) { return bitness == Bitness::bits64 ? bits64 : bits32; }
};

// As ReadCatalogs and ChangeCatalogs. A missing catalog is created with Windows' own entries.
int ReadNamespaces(Namespaces& namespaces);
int ChangeNamespaces(const std::function<int(Namespaces&)>& change);

// "Tcpip" for "@%SystemRoot%\system32\wshtcpip.dll,-60103": Windows' own entries by the names that Windows gives them.
std::wstring DisplayName(const std::wstring& displayString);
}  // namespace test_winsock
