// A fresh protocol catalog for each test, and the few calls that they share.
#pragma once

#include <windows.h>
#include <winsock2.h>
#include <ws2spi.h>
#include <ws2tcpip.h>

#include <string>
#include <vector>

namespace winsock_test {
// Takes the catalog back to that of a fresh Windows, before and after.
class FreshCatalog {
  public:
    FreshCatalog() { reset(); }
    ~FreshCatalog() { reset(); }
    FreshCatalog(const FreshCatalog&) = delete;
    FreshCatalog& operator=(const FreshCatalog&) = delete;

  private:
    static void reset();
};

// A 64-bit process sees two catalogs.
enum class Which { native, bits32 };
#ifdef _WIN64
inline constexpr Which allCatalogs[] = {Which::native, Which::bits32};
#else
inline constexpr Which allCatalogs[] = {Which::native};
#endif

std::vector<WSAPROTOCOL_INFOW> readCatalog(Which which = Which::native);
std::vector<DWORD> entryIds(const std::vector<WSAPROTOCOL_INFOW>& entries);

// Some {family, type, protocol} for WSCInstallProvider*.
WSAPROTOCOL_INFOW protocol(int family, int type, int number);

inline constexpr GUID provider1 = {0x11111111, 1, 1, {1, 1, 1, 1, 1, 1, 1, 1}};
inline constexpr GUID provider2 = {0x22222222, 2, 2, {2, 2, 2, 2, 2, 2, 2, 2}};

// WSCInstallProviderAndChains64_32, or WSCInstallProviderAndChains in a 32-bit process. The header's LPWSAPROTOCOL_INFO
// is the wide one here; its constness is not the functions'.
int installChains(const GUID& provider, const std::wstring& path, const std::wstring& name,
                  const std::vector<WSAPROTOCOL_INFOW>& protocols, DWORD& layeredId, int& error);

std::wstring folderOfTest();
std::wstring passthroughPath();
}  // namespace winsock_test
