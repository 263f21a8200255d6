// The namespace catalog as Microsoft documents it, for both bitnesses.
#include <doctest/doctest.h>
#include <windows.h>
#include <winsock2.h>
#include <ws2spi.h>

#include <string>
#include <vector>

// After windows.h, which it needs and does not include.
#include <sporder.h>

namespace {
constexpr GUID provider = {0x33333333, 3, 3, {3, 3, 3, 3, 3, 3, 3, 3}};

struct Functions {
    decltype(&WSAEnumNameSpaceProvidersW) enumerate;
    decltype(&WSCInstallNameSpace) install;
    decltype(&WSCUnInstallNameSpace) uninstall;
    decltype(&WSCEnableNSProvider) enable;
    decltype(&WSCWriteNameSpaceOrder) order;
};
const Functions bitnesses[] = {
    {&WSAEnumNameSpaceProvidersW, &WSCInstallNameSpace, &WSCUnInstallNameSpace, &WSCEnableNSProvider,
     &WSCWriteNameSpaceOrder},
#ifdef _WIN64  // where there are two catalogs
    {&WSCEnumNameSpaceProviders32, &WSCInstallNameSpace32, &WSCUnInstallNameSpace32, &WSCEnableNSProvider32,
     &WSCWriteNameSpaceOrder32},
#endif
};

struct FreshNamespaces {
    FreshNamespaces() {
        WSADATA data;
        WSAStartup(MAKEWORD(2, 2), &data);
        reset();
    }
    ~FreshNamespaces() {
        reset();
        WSACleanup();
    }
    static void reset() {
        RegDeleteTreeW(HKEY_LOCAL_MACHINE,
                       L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\NameSpace_Catalog5");
    }
};

struct Listed {
    std::wstring name;
    GUID provider;
    bool active;
};

std::vector<Listed> list(const Functions& functions) {
    std::vector<WSANAMESPACE_INFOW> buffer(64);
    DWORD size = static_cast<DWORD>(buffer.size() * sizeof buffer[0]);
    const int count = functions.enumerate(&size, buffer.data());
    std::vector<Listed> result;
    for (int i = 0; i < count; i++)
        result.push_back({buffer[i].lpszIdentifier, buffer[i].NSProviderId, buffer[i].fActive != FALSE});
    return result;
}
}  // namespace

TEST_CASE_FIXTURE(FreshNamespaces, "a fresh namespace catalog holds Windows' entries, for both bitnesses") {
    for (const Functions& functions : bitnesses) {
        const auto entries = list(functions);
        REQUIRE(entries.size() == 6);
        CHECK(entries[4].name == L"Tcpip");
        CHECK(entries[5].name == L"NTDS");
        for (const Listed& entry : entries) CHECK(entry.active);
    }
}

TEST_CASE_FIXTURE(FreshNamespaces, "WSAEnumNameSpaceProviders says how long the buffer has to be") {
    DWORD size = 0;
    CHECK(WSAEnumNameSpaceProvidersW(&size, nullptr) == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSAEFAULT);
    std::vector<char> exact(size);
    CHECK(WSAEnumNameSpaceProvidersW(&size, reinterpret_cast<WSANAMESPACE_INFOW*>(exact.data())) == 6);
}

TEST_CASE_FIXTURE(FreshNamespaces,
                  "namespace providers are installed, disabled, ordered and uninstalled in one catalog alone") {
    wchar_t name[] = L"test", path[] = L"C:\\test.dll";
    GUID id = provider;
    for (const Functions& functions : bitnesses) {
        REQUIRE(functions.install(name, path, NS_DNS, 7, &id) == 0);
        CHECK(functions.install(name, path, NS_DNS, 7, &id) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSAEINVAL);
        CHECK(list(functions).size() == 7);
        for (const Functions& other : bitnesses) {
            if (&other != &functions) CHECK(list(other).size() == 6);
        }
        CHECK(functions.enable(&id, FALSE) == 0);
        CHECK_FALSE(list(functions)[6].active);

        std::vector<GUID> order = {id};
        for (const Listed& entry : list(functions))
            if (!IsEqualGUID(entry.provider, id)) order.push_back(entry.provider);
        CHECK(functions.order(order.data(), 6) == WSAEINVAL);
        CHECK(functions.order(order.data(), 7) == 0);
        CHECK(list(functions)[0].name == L"test");

        CHECK(functions.uninstall(&id) == 0);
        CHECK(functions.uninstall(&id) == SOCKET_ERROR);
        CHECK(list(functions).size() == 6);
    }
}
