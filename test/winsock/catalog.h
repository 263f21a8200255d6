// The protocol catalogs as values, and the rules by which the WSC* functions change them.
// Nothing here touches the registry; errors are Winsock error codes, 0 is success.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace test_winsock {
struct CatalogEntry {
    std::wstring providerPath;  // as installed: environment strings are not expanded
    WSAPROTOCOL_INFOW info;
    DWORD lspCategories = 0;
};

using ProtocolCatalog = std::vector<CatalogEntry>;

enum class Bitness { bits32, bits64 };

#ifdef _WIN64
constexpr Bitness nativeBitness = Bitness::bits64;
#else
constexpr Bitness nativeBitness = Bitness::bits32;
#endif

struct Catalogs {
    ProtocolCatalog bits32;
    ProtocolCatalog bits64;
    DWORD nextEntryId = 1001;

    ProtocolCatalog& of(Bitness bitness) { return bitness == Bitness::bits64 ? bits64 : bits32; }
};

// What Windows has before anything is installed: the six MSAFD entries, in both catalogs.
Catalogs BaseCatalogs();

bool HasProvider(const ProtocolCatalog& catalog, const GUID& provider);

// The provider's path, or null.
const std::wstring* ProviderPath(const ProtocolCatalog& catalog, const GUID& provider);

struct Installation {
    GUID provider;
    std::wstring path;
    std::wstring path32;
    std::vector<WSAPROTOCOL_INFOW> protocols;
};

// WSCInstallProvider (catalogs: the native one) and WSCInstallProvider64_32 (both): appends one entry per protocol.
// WSANO_RECOVERY: the provider is installed already. WSAEINVAL: a chain length that cannot be.
int InstallProvider(Catalogs& catalogs, const std::vector<Bitness>& targets, const Installation& installation);

// WSCInstallProviderAndChains(64_32). protocols empty: over the base entry of each protocol; else over the topmost
// entry for each of them. layeredEntryId: the id of the hidden entry.
int InstallProviderAndChains(Catalogs& catalogs, const std::vector<Bitness>& targets, const Installation& installation,
                             const std::wstring& lspName, DWORD serviceFlags, DWORD& layeredEntryId);

int DeinstallProvider(ProtocolCatalog& catalog, const GUID& provider);

int UpdateProvider(ProtocolCatalog& catalog, const Installation& update);

int ReorderCatalog(ProtocolCatalog& catalog, const std::vector<DWORD>& entryIds);
}  // namespace test_winsock
