// The protocol catalog as Microsoft documents it (ws2spi.h, sporder.h), and the errors of the WSC* functions.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/catalog_fixture.h"

// After windows.h, which it needs and does not include.
#include <sporder.h>

using namespace winsock_test;

namespace {
auto* const badPointer = reinterpret_cast<void*>(8);

int install(const GUID& provider, std::vector<WSAPROTOCOL_INFOW> protocols, int& error,
            const wchar_t* path = L"C:\\provider.dll") {
    GUID id = provider;
    return WSCInstallProvider(&id, path, protocols.data(), static_cast<DWORD>(protocols.size()), &error);
}

int deinstall(GUID provider, int& error) { return WSCDeinstallProvider(&provider, &error); }
}  // namespace

TEST_CASE("a fresh catalog holds Windows' six base entries, for both bitnesses") {
    FreshCatalog catalog;
    const struct {
        const wchar_t* name;
        int family, type, protocol, maxOffset, addressLength;
        DWORD serviceFlags, providerFlags;
    } expected[] = {
        {L"MSAFD Tcpip [TCP/IP]", AF_INET, SOCK_STREAM, IPPROTO_TCP, 0, 16, 0x20066, 8},
        {L"MSAFD Tcpip [UDP/IP]", AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0, 16, 0x20609, 8},
        {L"MSAFD Tcpip [RAW/IP]", AF_INET, SOCK_RAW, 0, 255, 16, 0x20609, 12},
        {L"MSAFD Tcpip [TCP/IPv6]", AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0, 28, 0x20066, 8},
        {L"MSAFD Tcpip [UDP/IPv6]", AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 0, 28, 0x20609, 8},
        {L"MSAFD Tcpip [RAW/IPv6]", AF_INET6, SOCK_RAW, 0, 255, 28, 0x20609, 12},
    };
    for (Which which : allCatalogs) {
        const auto entries = readCatalog(which);
        REQUIRE(entries.size() == std::size(expected));
        for (std::size_t i = 0; i < entries.size(); i++) {
            CHECK(std::wstring(entries[i].szProtocol) == expected[i].name);
            CHECK(entries[i].dwCatalogEntryId == 1001 + i);
            CHECK(entries[i].iAddressFamily == expected[i].family);
            CHECK(entries[i].iSocketType == expected[i].type);
            CHECK(entries[i].iProtocol == expected[i].protocol);
            CHECK(entries[i].iProtocolMaxOffset == expected[i].maxOffset);
            CHECK(entries[i].iMaxSockAddr == expected[i].addressLength);
            CHECK(entries[i].dwServiceFlags1 == expected[i].serviceFlags);
            CHECK(entries[i].dwProviderFlags == expected[i].providerFlags);
            CHECK(entries[i].ProtocolChain.ChainLen == BASE_PROTOCOL);
        }
    }
}

TEST_CASE("WSCEnumProtocols says how long the buffer has to be, and filters by iProtocol") {
    FreshCatalog catalog;
    constexpr DWORD entrySize = sizeof(WSAPROTOCOL_INFOW);
    int tcp[] = {IPPROTO_TCP, 0};
    int tcpAndUdp[] = {IPPROTO_TCP, IPPROTO_UDP, 0};
    int other[] = {IPPROTO_ICMP, 0};
    const struct {
        int* protocols;
        DWORD room;
        int result, error;
        DWORD length;
    } situations[] = {
        {nullptr, 6 * entrySize, 6, 0, 6 * entrySize},
        {nullptr, 6 * entrySize - 1, SOCKET_ERROR, WSAENOBUFS, 6 * entrySize},
        {nullptr, 0, SOCKET_ERROR, WSAENOBUFS, 6 * entrySize},
        {tcp, 6 * entrySize, 2, 0, 2 * entrySize},
        {tcpAndUdp, 4 * entrySize, 4, 0, 4 * entrySize},
        {tcpAndUdp, 3 * entrySize, SOCKET_ERROR, WSAENOBUFS, 4 * entrySize},
        {other, 0, 0, 0, 0},
    };
    std::vector<WSAPROTOCOL_INFOW> buffer(6);
    for (const auto& situation : situations) {
        DWORD length = situation.room;
        int error = 0;
        CHECK(WSCEnumProtocols(situation.protocols, buffer.data(), &length, &error) == situation.result);
        CHECK(error == situation.error);
        CHECK(length == situation.length);
    }
    int error = 0;
    DWORD length = 6 * entrySize;
    CHECK(WSCEnumProtocols(nullptr, buffer.data(), nullptr, &error) == SOCKET_ERROR);
    CHECK(error == WSAEFAULT);
    CHECK(WSCEnumProtocols(nullptr, static_cast<WSAPROTOCOL_INFOW*>(badPointer), &length, &error) == SOCKET_ERROR);
    CHECK(error == WSAEFAULT);
    CHECK(WSCEnumProtocols(nullptr, buffer.data(), &length, nullptr) == SOCKET_ERROR);
}

TEST_CASE("WSCInstallProvider appends to the catalog, and ids are not used again") {
    FreshCatalog catalog;
    int error = 0;
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200), protocol(AF_INET, SOCK_DGRAM, 201)}, error) == 0);
    REQUIRE(install(provider2, {protocol(AF_INET, SOCK_STREAM, 202)}, error) == 0);
    CHECK(entryIds(readCatalog()) == std::vector<DWORD>{1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009});
    REQUIRE(deinstall(provider1, error) == 0);
    CHECK(entryIds(readCatalog()) == std::vector<DWORD>{1001, 1002, 1003, 1004, 1005, 1006, 1009});
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error) == 0);
    CHECK(readCatalog().back().dwCatalogEntryId == 1010);
}

TEST_CASE("WSCInstallProvider and WSCDeinstallProvider refuse with the documented errors") {
    FreshCatalog catalog;
    GUID id = provider1;
    auto info = protocol(AF_INET, SOCK_STREAM, 200);
    auto badChain = info;
    badChain.ProtocolChain.ChainLen = MAX_PROTOCOL_CHAIN + 1;
    const std::wstring longPath(MAX_PATH, L'x');
    auto* bad = static_cast<WCHAR*>(badPointer);
    const struct {
        GUID* provider;
        const WCHAR* path;
        WSAPROTOCOL_INFOW* list;
        DWORD count;
        int error;
    } situations[] = {
        {nullptr, L"p.dll", &info, 1, WSAEFAULT},
        {&id, nullptr, &info, 1, WSAEFAULT},
        {&id, bad, &info, 1, WSAEFAULT},
        {&id, L"p.dll", nullptr, 1, WSAEFAULT},
        {&id, L"p.dll", &info, 0, WSAEINVAL},
        {&id, L"", &info, 1, WSAEINVAL},
        {&id, longPath.c_str(), &info, 1, WSAEINVAL},
        {&id, L"p.dll", &badChain, 1, WSAEINVAL},
    };
    for (const auto& situation : situations) {
        int error = 0;
        CHECK(WSCInstallProvider(situation.provider, situation.path, situation.list, situation.count, &error) ==
              SOCKET_ERROR);
        CHECK(error == situation.error);
    }
    CHECK(WSCInstallProvider(&id, L"p.dll", &info, 1, nullptr) == SOCKET_ERROR);
    CHECK(readCatalog().size() == 6);

    int error = 0;
    REQUIRE(install(provider1, {info}, error) == 0);
    CHECK(install(provider1, {info}, error) == SOCKET_ERROR);
    CHECK(error == WSANO_RECOVERY);
    CHECK(deinstall(provider2, error) == SOCKET_ERROR);
    CHECK(error == WSAEINVAL);
    CHECK(WSCDeinstallProvider(nullptr, &error) == SOCKET_ERROR);
    CHECK(error == WSAEFAULT);
    CHECK(readCatalog().size() == 7);
}

TEST_CASE("WSCInstallProviderAndChains(64_32) puts a chain over each base protocol, first in every catalog") {
    FreshCatalog catalog;
    DWORD layeredId = 0;
    int error = 0;
    REQUIRE(installChains(provider1, L"C:\\lsp.dll", L"first", {}, layeredId, error) == 0);
    for (Which which : allCatalogs) {
        const auto entries = readCatalog(which);
        REQUIRE(entries.size() == 13);
        std::set<std::string> providers;
        for (int i = 0; i < 6; i++) {
            const auto& chain = entries[i];
            const auto& base = entries[6 + i];
            CHECK(chain.ProtocolChain.ChainLen == 2);
            CHECK(chain.ProtocolChain.ChainEntries[0] == layeredId);
            CHECK(chain.ProtocolChain.ChainEntries[1] == base.dwCatalogEntryId);
            CHECK(std::wstring(chain.szProtocol) == std::wstring(L"first over [") + base.szProtocol + L"]");
            CHECK(chain.dwServiceFlags1 == base.dwServiceFlags1);
            CHECK_FALSE(IsEqualGUID(chain.ProviderId, provider1));
            providers.emplace(reinterpret_cast<const char*>(&chain.ProviderId), sizeof(GUID));
        }
        CHECK(providers.size() == 6);
        CHECK(entries.back().dwCatalogEntryId == layeredId);
        CHECK(entries.back().ProtocolChain.ChainLen == LAYERED_PROTOCOL);
        CHECK(entries.back().dwProviderFlags == PFL_HIDDEN);
        CHECK(IsEqualGUID(entries.back().ProviderId, provider1));
    }
}

TEST_CASE("with a protocol list, chains lie over the topmost entry that matches; without, over the base") {
    FreshCatalog catalog;
    DWORD first = 0, second = 0, third = 0;
    int error = 0;
    const auto tcp = protocol(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    REQUIRE(installChains(provider1, L"C:\\1.dll", L"first", {tcp, tcp}, first, error) == 0);
    const DWORD firstChain = readCatalog().front().dwCatalogEntryId;
    REQUIRE(readCatalog().size() == 8);  // the duplicate in the list is ignored

    REQUIRE(installChains(provider2, L"C:\\2.dll", L"second", {tcp}, second, error) == 0);
    const auto top = readCatalog().front();
    CHECK(top.ProtocolChain.ChainLen == 3);
    CHECK(top.ProtocolChain.ChainEntries[0] == second);
    CHECK(top.ProtocolChain.ChainEntries[1] == firstChain);
    CHECK(top.ProtocolChain.ChainEntries[2] == 1001);
    CHECK(std::wstring(top.szProtocol) == L"second over [first over [MSAFD Tcpip [TCP/IP]]]");

    constexpr GUID provider3 = {3, 3, 3, {}};
    REQUIRE(installChains(provider3, L"C:\\3.dll", L"third", {}, third, error) == 0);
    CHECK(readCatalog().front().ProtocolChain.ChainLen == 2);
    CHECK(readCatalog().front().ProtocolChain.ChainEntries[1] == 1001);
}

TEST_CASE("a chain that would be longer than MAX_PROTOCOL_CHAIN is WSANO_RECOVERY") {
    FreshCatalog catalog;
    DWORD layeredId = 0;
    int error = 0;
    const auto tcp = protocol(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    for (unsigned long i = 1; i < MAX_PROTOCOL_CHAIN; i++) {
        const GUID provider = {i, 0, 0, {}};
        REQUIRE(installChains(provider, L"C:\\l.dll", L"layer " + std::to_wstring(i), {tcp}, layeredId, error) == 0);
    }
    CHECK(readCatalog().front().ProtocolChain.ChainLen == MAX_PROTOCOL_CHAIN);
    CHECK(installChains(provider1, L"C:\\l.dll", L"one too many", {tcp}, layeredId, error) == SOCKET_ERROR);
    CHECK(error == WSANO_RECOVERY);
}

TEST_CASE("without any base provider there is nothing to lay a chain over: WSANO_RECOVERY") {
    FreshCatalog catalog;
    DWORD layeredId = 0;
    int error = 0;
    for (const auto& entry : readCatalog()) deinstall(entry.ProviderId, error);
    REQUIRE(readCatalog().empty());
    CHECK(installChains(provider1, L"C:\\1.dll", L"first", {}, layeredId, error) == SOCKET_ERROR);
    CHECK(error == WSANO_RECOVERY);
}

TEST_CASE("WSCWriteProviderOrder wants every id exactly once") {
    FreshCatalog catalog;
    const struct {
        std::vector<DWORD> order;
        int result;
    } situations[] = {
        {{1006, 1005, 1004, 1003, 1002, 1001}, 0},
        {{1001, 1002, 1003, 1004, 1005}, WSAEINVAL},
        {{1001, 1002, 1003, 1004, 1005, 1006, 1006}, WSAEINVAL},
        {{1001, 1002, 1003, 1004, 1005, 1005}, WSAEINVAL},
        {{1001, 1002, 1003, 1004, 1005, 9999}, WSAEINVAL},
    };
    for (auto situation : situations) {
        const auto before = entryIds(readCatalog());
        CHECK(WSCWriteProviderOrder(situation.order.data(), static_cast<DWORD>(situation.order.size())) ==
              situation.result);
        CHECK(entryIds(readCatalog()) == (situation.result ? before : situation.order));
    }
    CHECK(WSCWriteProviderOrder(nullptr, 6) == WSAEFAULT);
}

TEST_CASE("WSCGetProviderPath answers the path as it was installed, and the room that it needs") {
    FreshCatalog catalog;
    int error = 0;
    const std::wstring installed = L"%SystemRoot%\\\x00fcber\\p.dll";
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error, installed.c_str()) == 0);
    GUID id = provider1;
    wchar_t path[MAX_PATH];
    int length = MAX_PATH;
    REQUIRE(WSCGetProviderPath(&id, path, &length, &error) == 0);
    CHECK(path == installed);
    CHECK(length == static_cast<int>(installed.size()) + 1);

    length = static_cast<int>(installed.size());
    CHECK(WSCGetProviderPath(&id, path, &length, &error) == SOCKET_ERROR);
    CHECK(error == WSAEFAULT);
    CHECK(length == static_cast<int>(installed.size()) + 1);
    CHECK(WSCGetProviderPath(&id, nullptr, &length, &error) == SOCKET_ERROR);
    CHECK(error == WSAEFAULT);
}

TEST_CASE("WSCUpdateProvider changes the path and the entries of one provider") {
    FreshCatalog catalog;
    int error = 0;
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error) == 0);
    GUID id = provider1;
    auto changed = readCatalog().back();
    lstrcpyW(changed.szProtocol, L"renamed");
    REQUIRE(WSCUpdateProvider(&id, L"C:\\new.dll", &changed, 1, &error) == 0);
    CHECK(std::wstring(readCatalog().back().szProtocol) == L"renamed");
    wchar_t path[MAX_PATH];
    int length = MAX_PATH;
    REQUIRE(WSCGetProviderPath(&id, path, &length, &error) == 0);
    CHECK(std::wstring(path) == L"C:\\new.dll");

    changed.dwCatalogEntryId = 1001;  // another provider's
    CHECK(WSCUpdateProvider(&id, L"C:\\new.dll", &changed, 1, &error) == SOCKET_ERROR);
    CHECK(error == WSAEINVAL);
    id = provider2;
    CHECK(WSCUpdateProvider(&id, L"C:\\new.dll", &changed, 1, &error) == SOCKET_ERROR);
    CHECK(error == WSAEINVAL);
}

TEST_CASE("LSP categories are kept with the provider") {
    FreshCatalog catalog;
    int error = 0;
    GUID id = provider1;
    DWORD categories = LSP_SYSTEM | LSP_OUTBOUND_MODIFY;
    size_t size = sizeof categories;
    CHECK(WSCSetProviderInfo(&id, ProviderInfoLspCategories, reinterpret_cast<BYTE*>(&categories), size, 0, &error) ==
          SOCKET_ERROR);
    CHECK(error == WSAEINVAL);
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error) == 0);
    REQUIRE(WSCSetProviderInfo(&id, ProviderInfoLspCategories, reinterpret_cast<BYTE*>(&categories), size, 0, &error) ==
            0);
    DWORD read = 0;
    REQUIRE(WSCGetProviderInfo(&id, ProviderInfoLspCategories, reinterpret_cast<BYTE*>(&read), &size, 0, &error) == 0);
    CHECK(read == categories);
}

TEST_CASE("WSAEnumProtocols shows base entries and chains that are not hidden, as they are now") {
    FreshCatalog catalog;
    DWORD length = 0;
    CHECK(WSAEnumProtocolsW(nullptr, nullptr, &length) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSANOTINITIALISED);

    DWORD layeredId = 0;
    int error = 0;
    const auto tcp = protocol(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    REQUIRE(installChains(provider1, L"C:\\1.dll", L"first", {tcp}, layeredId, error) == 0);
    WSADATA data;
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    REQUIRE(installChains(provider2, L"C:\\2.dll", L"second", {tcp}, layeredId, error) == 0);

    std::vector<WSAPROTOCOL_INFOW> buffer(32);
    length = static_cast<DWORD>(buffer.size() * sizeof buffer[0]);
    const int count = WSAEnumProtocolsW(nullptr, buffer.data(), &length);
    CHECK(count == 6);  // the chains, and TCP and UDP for both families: neither RAW nor the hidden entries
    CHECK(std::wstring(buffer[1].szProtocol) == L"first over [MSAFD Tcpip [TCP/IP]]");
    std::vector<WSAPROTOCOL_INFOA> narrow(32);
    length = static_cast<DWORD>(narrow.size() * sizeof narrow[0]);
    CHECK(WSAEnumProtocolsA(nullptr, narrow.data(), &length) == 6);
    CHECK(std::string(narrow[2].szProtocol) == "MSAFD Tcpip [TCP/IP]");
    length = 0;
    CHECK(WSAEnumProtocolsW(nullptr, nullptr, &length) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSAENOBUFS);
    CHECK(length == 6 * sizeof(WSAPROTOCOL_INFOW));
    WSACleanup();
}

TEST_CASE("a writer that was killed leaves either the old catalog or the new one") {
    FreshCatalog catalog;
    int error = 0;
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error) == 0);
    constexpr wchar_t parameters[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters";
    const std::wstring native = sizeof(void*) == 8 ? L"\\Catalog_Entries64" : L"\\Catalog_Entries";
    HKEY key;
    HKEY pending;
    REQUIRE(RegOpenKeyExW(HKEY_LOCAL_MACHINE, parameters, 0, KEY_ALL_ACCESS, &key) == ERROR_SUCCESS);

    SUBCASE("killed while it wrote the pending copy: the old one stays") {
        REQUIRE(RegCreateKeyW(key, (L"Protocol_Catalog9_Pending" + native).c_str(), &pending) == ERROR_SUCCESS);
    }
    SUBCASE("killed while it replaced the catalog: the pending copy is carried out") {
        REQUIRE(RegCreateKeyW(key, L"Protocol_Catalog9_Pending", &pending) == ERROR_SUCCESS);
        REQUIRE(RegCopyTreeW(key, L"Protocol_Catalog9", pending) == ERROR_SUCCESS);
        REQUIRE(RegDeleteTreeW(key, (L"Protocol_Catalog9" + native).c_str()) == ERROR_SUCCESS);
    }
    RegCloseKey(pending);
    CHECK(entryIds(readCatalog()) == std::vector<DWORD>{1001, 1002, 1003, 1004, 1005, 1006, 1007});
    CHECK(RegOpenKeyW(key, L"Protocol_Catalog9_Pending", &pending) == ERROR_FILE_NOT_FOUND);
    RegCloseKey(key);
}

#ifdef _WIN64

TEST_CASE("WSCInstallProvider changes the 64-bit catalog, the functions with 32 the other, those with 64_32 both") {
    FreshCatalog catalog;
    int error = 0;
    REQUIRE(install(provider1, {protocol(AF_INET, SOCK_STREAM, 200)}, error) == 0);
    CHECK(readCatalog(Which::bits32).size() == 6);
    GUID id = provider1;
    wchar_t path[MAX_PATH];
    int length = MAX_PATH;
    CHECK(WSCGetProviderPath32(&id, path, &length, &error) == SOCKET_ERROR);
    CHECK(error == WSAEINVAL);

    id = provider2;
    auto info = protocol(AF_INET, SOCK_STREAM, 202);
    REQUIRE(WSCInstallProvider64_32(&id, L"%SystemRoot%\\p.dll", &info, 1, &error) == 0);
    CHECK(readCatalog().back().dwCatalogEntryId == 1008);
    CHECK(readCatalog(Which::bits32).back().dwCatalogEntryId == 1008);
    CHECK(IsEqualGUID(readCatalog().back().ProviderId, provider2));
    REQUIRE(deinstall(provider2, error) == 0);
    CHECK(readCatalog(Which::bits32).back().dwCatalogEntryId == 1008);
    REQUIRE(WSCDeinstallProvider32(&id, &error) == 0);
    CHECK(readCatalog(Which::bits32).size() == 6);

    std::vector<DWORD> order = {1006, 1005, 1004, 1003, 1002, 1001, 1007};
    std::vector<DWORD> order32 = {1002, 1001, 1003, 1004, 1005, 1006};
    CHECK(WSCWriteProviderOrder(order.data(), 7) == 0);
    CHECK(readCatalog(Which::bits32).front().dwCatalogEntryId == 1001);
    CHECK(WSCWriteProviderOrder32(order32.data(), 6) == 0);
    CHECK(entryIds(readCatalog()) == order);
    CHECK(entryIds(readCatalog(Which::bits32)) == order32);
}

TEST_CASE("WSCInstallProviderAndChains64_32 refuses with the documented errors, and changes nothing then") {
    FreshCatalog catalog;
    DWORD layeredId = 0;
    int error = 0;
    const auto tcp = protocol(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    REQUIRE(installChains(provider1, L"C:\\1.dll", L"first", {tcp}, layeredId, error) == 0);
    const auto before = entryIds(readCatalog());

    GUID id = provider2;
    std::wstring path = L"C:\\2.dll", name = L"second", sameName = L"first", longPath(MAX_PATH, L'x'),
                 longName(WSAPROTOCOL_LEN + 1, L'x'), systemPath = L"%windir%\\system32\\2.dll";
    auto unknown = protocol(AF_INET, SOCK_STREAM, 99);
    GUID duplicate = provider1;
    const struct {
        GUID* provider;
        wchar_t *path, *path32, *name;
        const WSAPROTOCOL_INFOW* list;
        DWORD count;
        int error;
    } situations[] = {
        {nullptr, path.data(), path.data(), name.data(), nullptr, 0, WSAEINVAL},
        {&id, nullptr, path.data(), name.data(), nullptr, 0, WSAEINVAL},
        {&id, longPath.data(), path.data(), name.data(), nullptr, 0, WSAEINVAL},
        {&id, path.data(), longPath.data(), name.data(), nullptr, 0, WSAEINVAL},
        {&id, path.data(), nullptr, name.data(), nullptr, 0, WSAEINVAL},  // one path: only %windir%\system32
        {&id, path.data(), path.data(), nullptr, nullptr, 0, WSAEINVAL},
        {&id, path.data(), path.data(), longName.data(), nullptr, 0, WSAEINVAL},
        {&id, path.data(), path.data(), sameName.data(), nullptr, 0, WSAEINVAL},
        {&duplicate, path.data(), path.data(), name.data(), nullptr, 0, WSAEINVAL},
        {&id, path.data(), path.data(), name.data(), &tcp, 0, WSAEINVAL},
        {&id, path.data(), path.data(), name.data(), &unknown, 1, WSAEINVAL},
        {static_cast<GUID*>(badPointer), path.data(), path.data(), name.data(), nullptr, 0, WSAEFAULT},
    };
    for (const auto& situation : situations) {
        error = 0;
        CHECK(WSCInstallProviderAndChains64_32(situation.provider, situation.path, situation.path32, situation.name,
                                               XP1_IFS_HANDLES, const_cast<WSAPROTOCOL_INFOW*>(situation.list),
                                               situation.count, &layeredId, &error) == SOCKET_ERROR);
        CHECK(error == situation.error);
    }
    CHECK(entryIds(readCatalog()) == before);
    CHECK(WSCInstallProviderAndChains64_32(&id, systemPath.data(), nullptr, name.data(), XP1_IFS_HANDLES, nullptr, 0,
                                           &layeredId, &error) == 0);
}

#endif
