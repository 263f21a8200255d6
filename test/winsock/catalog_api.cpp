// The WSC* functions, as ws2spi.h and sporder.h document them; "...32" are the 32-bit catalog's of 64-bit Windows.
#include <ws2spi.h>

#include <algorithm>

#include "catalog_store.h"
#include "enum_protocols.h"
#include "export_macro.h"
#include "faults.h"
#include "pointers.h"

namespace test_winsock {
namespace {
// Carries `call` out unless it is made to fail. `call` answers an error code.
template <typename Call>
int attempt(const char* name, Call call) {
    const int error = EnterCatalogCall(name);
    return error ? error : call();
}

// The same, when its error code can be told.
template <typename Call>
int report(const char* name, LPINT errorPointer, Call call) {
    if (!canWrite(errorPointer)) {
        SetLastError(WSAEFAULT);
        return SOCKET_ERROR;
    }
    *errorPointer = attempt(name, call);
    return *errorPointer ? SOCKET_ERROR : 0;
}

int checkPath(const wchar_t* path) {
    if (!canReadText(path)) return WSAEFAULT;
    const int length = lstrlenW(path);
    return length == 0 || length >= MAX_PATH ? WSAEINVAL : 0;
}

bool startsWith(const wchar_t* text, const wchar_t* prefix) {
    const int length = lstrlenW(prefix);
    return CompareStringW(LOCALE_INVARIANT, NORM_IGNORECASE, text, std::min(length, lstrlenW(text)), prefix, length) ==
           CSTR_EQUAL;
}

// The arguments that WSCInstallProvider and its kin share, checked.
int readInstallation(const GUID* provider, const wchar_t* path, const WSAPROTOCOL_INFOW* protocols, DWORD protocolCount,
                     Installation& installation) {
    if (!canRead(provider) || !canRead(protocols)) return WSAEFAULT;
    if (const int error = checkPath(path)) return error;
    if (protocolCount == 0) return WSAEINVAL;
    if (!canRead(protocols, protocolCount)) return WSAEFAULT;
    installation = {*provider, path, path, {protocols, protocols + protocolCount}};
    return 0;
}

int install(const std::vector<Bitness>& targets, const GUID* provider, const wchar_t* path,
            const WSAPROTOCOL_INFOW* protocols, DWORD protocolCount) {
    Installation installation;
    if (const int error = readInstallation(provider, path, protocols, protocolCount, installation)) return error;
    return ChangeCatalogs([&](Catalogs& catalogs) { return InstallProvider(catalogs, targets, installation); });
}

int installChains(const std::vector<Bitness>& targets, const GUID* provider, const wchar_t* path, const wchar_t* path32,
                  const wchar_t* lspName, DWORD serviceFlags, const WSAPROTOCOL_INFOW* protocols, DWORD protocolCount,
                  DWORD* layeredEntryId) {
    if (!provider || !path || !lspName) return WSAEINVAL;
    if (!canRead(provider) || !canReadText(lspName) || (layeredEntryId && !canWrite(layeredEntryId))) return WSAEFAULT;
    for (const wchar_t* each : {path, path32 ? path32 : path})
        if (const int error = checkPath(each)) return error;
    // Documented: with one path for both bitnesses, the file system redirector has to tell them apart.
    if (!path32 && targets.size() > 1 && !startsWith(path, L"%windir%\\system32\\")) return WSAEINVAL;
    const int nameLength = lstrlenW(lspName);
    if (nameLength == 0 || nameLength > WSAPROTOCOL_LEN || (protocols && protocolCount == 0)) return WSAEINVAL;
    if (protocols && !canRead(protocols, protocolCount)) return WSAEFAULT;
    Installation installation{*provider, path, path32 ? path32 : path, {}};
    if (protocols) installation.protocols.assign(protocols, protocols + protocolCount);
    DWORD entryId = 0;
    const int error = ChangeCatalogs([&](Catalogs& catalogs) {
        return InstallProviderAndChains(catalogs, targets, installation, lspName, serviceFlags, entryId);
    });
    if (!error && layeredEntryId) *layeredEntryId = entryId;
    return error;
}

int enumerate(const char* name, Bitness bitness, LPINT protocols, LPWSAPROTOCOL_INFOW buffer, LPDWORD length,
              LPINT errorPointer) {
    int count = SOCKET_ERROR;
    const int failed = report(name, errorPointer, [&] {
        Catalogs catalogs;
        int error = ReadCatalogs(catalogs);
        if (!error) count = EnumerateProtocols(catalogs.of(bitness), false, protocols, buffer, length, error);
        return error;
    });
    return failed ? SOCKET_ERROR : count;
}

int getPath(Bitness bitness, const GUID* provider, wchar_t* path, int* length) {
    if (!canRead(provider) || !canWrite(length)) return WSAEFAULT;
    Catalogs catalogs;
    if (const int error = ReadCatalogs(catalogs)) return error;
    const std::wstring* found = ProviderPath(catalogs.of(bitness), *provider);
    if (!found) return WSAEINVAL;
    const int needed = static_cast<int>(found->size()) + 1;
    const int room = *length;
    *length = needed;
    if (room < needed || !canWrite(path, needed)) return WSAEFAULT;
    lstrcpyW(path, found->c_str());
    return 0;
}

int deinstall(Bitness bitness, const GUID* provider) {
    if (!canRead(provider)) return WSAEFAULT;
    return ChangeCatalogs([&](Catalogs& catalogs) { return DeinstallProvider(catalogs.of(bitness), *provider); });
}

int update(Bitness bitness, const GUID* provider, const wchar_t* path, const WSAPROTOCOL_INFOW* protocols,
           DWORD protocolCount) {
    Installation changed;
    if (const int error = readInstallation(provider, path, protocols, protocolCount, changed)) return error;
    return ChangeCatalogs([&](Catalogs& catalogs) {
        ProtocolCatalog& catalog = catalogs.of(bitness);
        return HasProvider(catalog, *provider) ? UpdateProvider(catalog, changed) : WSAEINVAL;
    });
}

int writeOrder(Bitness bitness, const DWORD* entryIds, DWORD count) {
    if (!canRead(entryIds, count)) return WSAEFAULT;
    const std::vector<DWORD> order(entryIds, entryIds + count);
    return ChangeCatalogs([&](Catalogs& catalogs) { return ReorderCatalog(catalogs.of(bitness), order); });
}

// Only the LSP categories are kept; that is the one provider information which Windows documents.
int setInfo(Bitness bitness, const GUID* provider, WSC_PROVIDER_INFO_TYPE type, const BYTE* info, std::size_t size) {
    if (!canRead(provider) || !canRead(info, sizeof(DWORD))) return WSAEFAULT;
    if (type != ProviderInfoLspCategories || size != sizeof(DWORD)) return WSAEINVAL;
    return ChangeCatalogs([&](Catalogs& catalogs) {
        int error = WSAEINVAL;
        for (CatalogEntry& entry : catalogs.of(bitness))
            if (IsEqualGUID(entry.info.ProviderId, *provider)) {
                entry.lspCategories = *reinterpret_cast<const DWORD*>(info);
                error = 0;
            }
        return error;
    });
}

int getInfo(Bitness bitness, const GUID* provider, WSC_PROVIDER_INFO_TYPE type, BYTE* info, std::size_t* size) {
    if (!canRead(provider) || !canWrite(size)) return WSAEFAULT;
    if (type != ProviderInfoLspCategories) return WSAEINVAL;
    const std::size_t room = *size;
    *size = sizeof(DWORD);
    if (room < sizeof(DWORD) || !canWrite(info, sizeof(DWORD))) return WSAEFAULT;
    Catalogs catalogs;
    if (const int error = ReadCatalogs(catalogs)) return error;
    for (const CatalogEntry& entry : catalogs.of(bitness))
        if (IsEqualGUID(entry.info.ProviderId, *provider)) {
            *reinterpret_cast<DWORD*>(info) = entry.lspCategories;
            return 0;
        }
    return WSAEINVAL;
}
}  // namespace

WINSOCK_EXPORT(int, WSCEnumProtocols, LPINT protocols, LPWSAPROTOCOL_INFOW buffer, LPDWORD length, LPINT error) {
    return enumerate("WSCEnumProtocols", nativeBitness, protocols, buffer, length, error);
}

WINSOCK_EXPORT(int, WSCInstallProvider, LPGUID provider, const WCHAR* path, const LPWSAPROTOCOL_INFOW protocols,
               DWORD protocolCount, LPINT error) {
    return report("WSCInstallProvider", error,
                  [&] { return install({nativeBitness}, provider, path, protocols, protocolCount); });
}

WINSOCK_EXPORT(int, WSCDeinstallProvider, LPGUID provider, LPINT error) {
    return report("WSCDeinstallProvider", error, [&] { return deinstall(nativeBitness, provider); });
}

WINSOCK_EXPORT(int, WSCGetProviderPath, LPGUID provider, WCHAR* path, LPINT length, LPINT error) {
    return report("WSCGetProviderPath", error, [&] { return getPath(nativeBitness, provider, path, length); });
}

WINSOCK_EXPORT(int, WSCUpdateProvider, LPGUID provider, const WCHAR* path, const LPWSAPROTOCOL_INFOW protocols,
               DWORD protocolCount, LPINT error) {
    return report("WSCUpdateProvider", error,
                  [&] { return update(nativeBitness, provider, path, protocols, protocolCount); });
}

WINSOCK_EXPORT(int, WSCWriteProviderOrder, LPDWORD entryIds, DWORD count) {
    return attempt("WSCWriteProviderOrder", [&] { return writeOrder(nativeBitness, entryIds, count); });
}

WINSOCK_EXPORT(int, WSCSetProviderInfo, LPGUID provider, WSC_PROVIDER_INFO_TYPE type, PBYTE info, size_t size, DWORD,
               LPINT error) {
    return report("WSCSetProviderInfo", error, [&] { return setInfo(nativeBitness, provider, type, info, size); });
}

WINSOCK_EXPORT(int, WSCGetProviderInfo, LPGUID provider, WSC_PROVIDER_INFO_TYPE type, PBYTE info, size_t* size, DWORD,
               LPINT error) {
    return report("WSCGetProviderInfo", error, [&] { return getInfo(nativeBitness, provider, type, info, size); });
}

#ifdef _WIN64
WINSOCK_EXPORT(int, WSCEnumProtocols32, LPINT protocols, LPWSAPROTOCOL_INFOW buffer, LPDWORD length, LPINT error) {
    return enumerate("WSCEnumProtocols32", Bitness::bits32, protocols, buffer, length, error);
}

WINSOCK_EXPORT(int, WSCInstallProvider64_32, LPGUID provider, const WCHAR* path, const LPWSAPROTOCOL_INFOW protocols,
               DWORD protocolCount, LPINT error) {
    return report("WSCInstallProvider64_32", error, [&] {
        return install({Bitness::bits64, Bitness::bits32}, provider, path, protocols, protocolCount);
    });
}

WINSOCK_EXPORT(int, WSCInstallProviderAndChains64_32, const LPGUID provider, const LPWSTR path, const LPWSTR path32,
               const LPWSTR lspName, DWORD serviceFlags, const LPWSAPROTOCOL_INFOW protocols, DWORD protocolCount,
               LPDWORD layeredEntryId, LPINT error) {
    return report("WSCInstallProviderAndChains64_32", error, [&] {
        return installChains({Bitness::bits64, Bitness::bits32}, provider, path, path32, lspName, serviceFlags,
                             protocols, protocolCount, layeredEntryId);
    });
}

WINSOCK_EXPORT(int, WSCDeinstallProvider32, LPGUID provider, LPINT error) {
    return report("WSCDeinstallProvider32", error, [&] { return deinstall(Bitness::bits32, provider); });
}

WINSOCK_EXPORT(int, WSCGetProviderPath32, LPGUID provider, WCHAR* path, LPINT length, LPINT error) {
    return report("WSCGetProviderPath32", error, [&] { return getPath(Bitness::bits32, provider, path, length); });
}

WINSOCK_EXPORT(int, WSCUpdateProvider32, LPGUID provider, const WCHAR* path, const LPWSAPROTOCOL_INFOW protocols,
               DWORD protocolCount, LPINT error) {
    return report("WSCUpdateProvider32", error,
                  [&] { return update(Bitness::bits32, provider, path, protocols, protocolCount); });
}

WINSOCK_EXPORT(int, WSCWriteProviderOrder32, LPDWORD entryIds, DWORD count) {
    return attempt("WSCWriteProviderOrder32", [&] { return writeOrder(Bitness::bits32, entryIds, count); });
}

WINSOCK_EXPORT(int, WSCSetProviderInfo32, LPGUID provider, WSC_PROVIDER_INFO_TYPE type, PBYTE info, size_t size, DWORD,
               LPINT error) {
    return report("WSCSetProviderInfo32", error, [&] { return setInfo(Bitness::bits32, provider, type, info, size); });
}

WINSOCK_EXPORT(int, WSCGetProviderInfo32, LPGUID provider, WSC_PROVIDER_INFO_TYPE type, PBYTE info, size_t* size, DWORD,
               LPINT error) {
    return report("WSCGetProviderInfo32", error, [&] { return getInfo(Bitness::bits32, provider, type, info, size); });
}
#else
WINSOCK_EXPORT(int, WSCInstallProviderAndChains, const LPGUID provider, const LPWSTR path, const LPWSTR lspName,
               DWORD serviceFlags, const LPWSAPROTOCOL_INFOW protocols, DWORD protocolCount, LPDWORD layeredEntryId,
               LPINT error) {
    return report("WSCInstallProviderAndChains", error, [&] {
        return installChains({Bitness::bits32}, provider, path, nullptr, lspName, serviceFlags, protocols,
                             protocolCount, layeredEntryId);
    });
}
#endif
}  // namespace test_winsock
