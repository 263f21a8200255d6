// The functions of the namespace catalog, as ws2spi.h and sporder.h document them; "...32" are the 32-bit catalog's of
// 64-bit Windows. Nothing here answers a look-up: those go to Wine.
#include <ws2spi.h>

#include <algorithm>
#include <cstring>

#include "export_macro.h"
#include "namespace_store.h"
#include "pointers.h"
#include "startup.h"

namespace test_winsock {
namespace {
// The error of these functions is GetLastError's.
int answer(int error) {
    if (error == 0) return 0;
    SetLastError(error);
    return SOCKET_ERROR;
}

template <typename Info, typename Character>
int enumerate(Bitness bitness, DWORD* bufferLength, Info* buffer,
              std::basic_string<Character> (*convert)(std::wstring)) {
    if (!IsStarted()) return answer(WSANOTINITIALISED);
    if (!canWrite(bufferLength)) return answer(WSAEFAULT);
    Namespaces namespaces;
    if (const int error = ReadNamespaces(namespaces)) return answer(error);
    const auto& list = namespaces.of(bitness);
    std::vector<std::basic_string<Character>> names;
    std::size_t needed = list.size() * sizeof(Info);
    for (const NamespaceEntry& entry : list) {
        names.push_back(convert(DisplayName(entry.displayString)));
        needed += (names.back().size() + 1) * sizeof(Character);
    }
    if (*bufferLength < needed || !canWrite(reinterpret_cast<char*>(buffer), needed)) {
        *bufferLength = static_cast<DWORD>(needed);
        return answer(WSAEFAULT);
    }
    auto* text = reinterpret_cast<Character*>(buffer + list.size());
    for (std::size_t i = 0; i < list.size(); i++) {
        buffer[i] = {list[i].provider, list[i].nameSpace, list[i].enabled != 0, list[i].version, text};
        std::memcpy(text, names[i].c_str(), (names[i].size() + 1) * sizeof(Character));
        text += names[i].size() + 1;
    }
    return static_cast<int>(list.size());
}

std::wstring unchanged(std::wstring text) { return text; }

std::string toAnsi(std::wstring text) {
    char ansi[MAX_PATH] = {};
    WideCharToMultiByte(CP_ACP, 0, text.c_str(), -1, ansi, MAX_PATH - 1, nullptr, nullptr);
    return ansi;
}

auto find(std::vector<NamespaceEntry>& list, const GUID& provider) {
    return std::find_if(list.begin(), list.end(),
                        [&](const NamespaceEntry& entry) { return IsEqualGUID(entry.provider, provider); });
}

int install(Bitness bitness, const wchar_t* identifier, const wchar_t* path, DWORD nameSpace, DWORD version,
            const GUID* provider) {
    if (!canReadText(identifier) || !canReadText(path) || !canRead(provider)) return answer(WSAEFAULT);
    if (!*path || lstrlenW(path) >= MAX_PATH || lstrlenW(identifier) >= MAX_PATH) return answer(WSAEINVAL);
    return answer(ChangeNamespaces([&](Namespaces& namespaces) {
        auto& list = namespaces.of(bitness);
        // Documented: "the provider identifier specified already exists".
        if (find(list, *provider) != list.end()) return WSAEINVAL;
        list.push_back({*provider, identifier, path, nameSpace, version, 1, 0});
        return 0;
    }));
}

int uninstall(Bitness bitness, const GUID* provider) {
    if (!canRead(provider)) return answer(WSAEFAULT);
    return answer(ChangeNamespaces([&](Namespaces& namespaces) {
        auto& list = namespaces.of(bitness);
        const auto entry = find(list, *provider);
        if (entry == list.end()) return WSAEINVAL;
        list.erase(entry);
        return 0;
    }));
}

int enable(Bitness bitness, const GUID* provider, BOOL enabled) {
    if (!canRead(provider)) return answer(WSAEFAULT);
    return answer(ChangeNamespaces([&](Namespaces& namespaces) {
        auto& list = namespaces.of(bitness);
        const auto entry = find(list, *provider);
        if (entry == list.end()) return WSAEINVAL;
        entry->enabled = enabled != FALSE;
        return 0;
    }));
}

// Its result is the error itself.
int writeOrder(Bitness bitness, const GUID* providers, DWORD count) {
    if (!canRead(providers, count)) return WSAEFAULT;
    return ChangeNamespaces([&](Namespaces& namespaces) {
        auto& list = namespaces.of(bitness);
        if (count != list.size()) return WSAEINVAL;
        std::vector<NamespaceEntry> ordered;
        for (DWORD i = 0; i < count; i++) {
            const auto entry = find(list, providers[i]);
            if (entry == list.end() || find(ordered, providers[i]) != ordered.end()) return WSAEINVAL;
            ordered.push_back(*entry);
        }
        list = std::move(ordered);
        return 0;
    });
}
}  // namespace

WINSOCK_EXPORT(INT, WSAEnumNameSpaceProvidersW, LPDWORD length, LPWSANAMESPACE_INFOW buffer) {
    return enumerate<WSANAMESPACE_INFOW, wchar_t>(nativeBitness, length, buffer, unchanged);
}

WINSOCK_EXPORT(INT, WSAEnumNameSpaceProvidersA, LPDWORD length, LPWSANAMESPACE_INFOA buffer) {
    return enumerate<WSANAMESPACE_INFOA, char>(nativeBitness, length, buffer, toAnsi);
}

WINSOCK_EXPORT(INT, WSCInstallNameSpace, LPWSTR identifier, LPWSTR path, DWORD nameSpace, DWORD version,
               LPGUID provider) {
    return install(nativeBitness, identifier, path, nameSpace, version, provider);
}

WINSOCK_EXPORT(INT, WSCUnInstallNameSpace, LPGUID provider) { return uninstall(nativeBitness, provider); }

WINSOCK_EXPORT(INT, WSCEnableNSProvider, LPGUID provider, WINBOOL enabled) {
    return enable(nativeBitness, provider, enabled);
}

WINSOCK_EXPORT(int, WSCWriteNameSpaceOrder, LPGUID providers, DWORD count) {
    return writeOrder(nativeBitness, providers, count);
}

#ifdef _WIN64
WINSOCK_EXPORT(INT, WSCEnumNameSpaceProviders32, LPDWORD length, LPWSANAMESPACE_INFOW buffer) {
    return enumerate<WSANAMESPACE_INFOW, wchar_t>(Bitness::bits32, length, buffer, unchanged);
}

WINSOCK_EXPORT(INT, WSCInstallNameSpace32, LPWSTR identifier, LPWSTR path, DWORD nameSpace, DWORD version,
               LPGUID provider) {
    return install(Bitness::bits32, identifier, path, nameSpace, version, provider);
}

WINSOCK_EXPORT(INT, WSCUnInstallNameSpace32, LPGUID provider) { return uninstall(Bitness::bits32, provider); }

WINSOCK_EXPORT(INT, WSCEnableNSProvider32, LPGUID provider, WINBOOL enabled) {
    return enable(Bitness::bits32, provider, enabled);
}

WINSOCK_EXPORT(int, WSCWriteNameSpaceOrder32, LPGUID providers, DWORD count) {
    return writeOrder(Bitness::bits32, providers, count);
}
#endif
}  // namespace test_winsock
