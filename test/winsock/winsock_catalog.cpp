// winsock_catalog.exe list [32] | install <dll> [dll32] [name] | remove <name> | reset, and to do damage:
// deinstall <id> | path <id> <dll> | chain <id> <position> <entry> | copy <id>, each with 32 at the end or without
// Looks at and changes the protocol catalog through the WSC* functions, as an installer would.
#include <objbase.h>
#include <windows.h>
#include <winsock2.h>
#include <ws2spi.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {
std::vector<WSAPROTOCOL_INFOW> readCatalog(bool bits32) {
    DWORD length = 0;
    int error = 0;
    auto enumerate = &WSCEnumProtocols;
#ifdef _WIN64
    if (bits32) enumerate = &WSCEnumProtocols32;
#else
    (void)bits32;
#endif
    enumerate(nullptr, nullptr, &length, &error);
    std::vector<WSAPROTOCOL_INFOW> entries(length / sizeof(WSAPROTOCOL_INFOW));
    const int count = enumerate(nullptr, entries.data(), &length, &error);
    if (count == SOCKET_ERROR) std::fprintf(stderr, "WSCEnumProtocols: error %d\n", error);
    entries.resize(count > 0 ? count : 0);
    return entries;
}

std::wstring pathOf(GUID provider, bool bits32) {
    wchar_t path[MAX_PATH] = L"?";
    int length = MAX_PATH;
    int error = 0;
#ifdef _WIN64
    if (bits32) {
        WSCGetProviderPath32(&provider, path, &length, &error);
        return path;
    }
#else
    (void)bits32;
#endif
    WSCGetProviderPath(&provider, path, &length, &error);
    return path;
}

int list(bool bits32) {
    for (const WSAPROTOCOL_INFOW& entry : readCatalog(bits32)) {
        wchar_t provider[64];
        StringFromGUID2(entry.ProviderId, provider, 64);
        std::printf("%lu family=%d type=%d protocol=%d chain=%d", entry.dwCatalogEntryId, entry.iAddressFamily,
                    entry.iSocketType, entry.iProtocol, entry.ProtocolChain.ChainLen);
        for (int i = 0; i < entry.ProtocolChain.ChainLen && entry.ProtocolChain.ChainLen > 1; i++)
            std::printf("%c%lu", i ? ',' : ':', entry.ProtocolChain.ChainEntries[i]);
        std::printf(" flags=%lx/%lx %ls %ls [%ls]\n", entry.dwServiceFlags1, entry.dwProviderFlags, provider,
                    pathOf(entry.ProviderId, bits32).c_str(), entry.szProtocol);
    }
    return 0;
}

int install(wchar_t* path, wchar_t* path32, wchar_t* name) {
    GUID provider;
    DWORD entryId = 0;
    int error = 0;
    if (CoCreateGuid(&provider) != S_OK) return 1;
    // Over whatever is topmost for each base protocol, so that a second LSP comes to lie on the first.
    std::vector<WSAPROTOCOL_INFOW> base;
    for (const WSAPROTOCOL_INFOW& entry : readCatalog(false))
        if (entry.ProtocolChain.ChainLen == BASE_PROTOCOL) base.push_back(entry);
#ifdef _WIN64
    // The header says WSAPROTOCOL_INFO, which depends on UNICODE; the function takes the wide form.
    const int result = WSCInstallProviderAndChains64_32(&provider, path, path32, name, XP1_IFS_HANDLES, base.data(),
                                                        static_cast<DWORD>(base.size()), &entryId, &error);
#else
    (void)path32;
    const int result = WSCInstallProviderAndChains(&provider, path, name, XP1_IFS_HANDLES, base.data(),
                                                   static_cast<DWORD>(base.size()), &entryId, &error);
#endif
    if (result != 0) {
        std::fprintf(stderr, "install: error %d\n", error);
        return 1;
    }
    std::printf("%lu\n", entryId);
    return 0;
}

bool deinstall(GUID provider) {
    int error = 0;
    bool removed = WSCDeinstallProvider(&provider, &error) == 0;
#ifdef _WIN64
    removed = WSCDeinstallProvider32(&provider, &error) == 0 || removed;
#endif
    return removed;
}

// The hidden entry of that name, and every chain that names it.
int remove(const std::wstring& name) {
    const auto catalog = readCatalog(false);
    for (const WSAPROTOCOL_INFOW& layered : catalog) {
        if (layered.ProtocolChain.ChainLen != LAYERED_PROTOCOL || name != layered.szProtocol) continue;
        for (const WSAPROTOCOL_INFOW& chain : catalog)
            for (int i = 0; i < chain.ProtocolChain.ChainLen; i++)
                if (chain.ProtocolChain.ChainLen > 1 && chain.ProtocolChain.ChainEntries[i] == layered.dwCatalogEntryId)
                    deinstall(chain.ProviderId);
        return deinstall(layered.ProviderId) ? 0 : 1;
    }
    std::fprintf(stderr, "remove: there is no layered provider of that name\n");
    return 1;
}

// ---- damage: by an entry's id, in either catalog ----

#ifdef _WIN64
constexpr bool bitnesses = true;
#define BY_BITNESS(name, bits32) (bits32 ? &name##32 : &name)
#else
constexpr bool bitnesses = false;
#define BY_BITNESS(name, bits32) (&name)
#endif

bool findEntry(DWORD id, bool bits32, WSAPROTOCOL_INFOW& found) {
    for (const WSAPROTOCOL_INFOW& entry : readCatalog(bits32))
        if (entry.dwCatalogEntryId == id) {
            found = entry;
            return true;
        }
    std::fprintf(stderr, "there is no entry %lu\n", id);
    return false;
}

int damage(const std::wstring& command, std::vector<std::wstring> words) {
    const bool bits32 = bitnesses && !words.empty() && words.back() == L"32";
    if (bits32) words.pop_back();
    WSAPROTOCOL_INFOW entry;
    if (words.empty() || !findEntry(wcstoul(words[0].c_str(), nullptr, 10), bits32, entry)) return 2;
    GUID provider = entry.ProviderId;
    std::wstring path = pathOf(provider, bits32);
    int error = 0;
    int result = 2;
    if (command == L"deinstall") result = BY_BITNESS(WSCDeinstallProvider, bits32)(&provider, &error);
    if (command == L"path" && words.size() > 1)
        result = BY_BITNESS(WSCUpdateProvider, bits32)(&provider, words[1].c_str(), &entry, 1, &error);
    if (command == L"chain" && words.size() > 2) {
        entry.ProtocolChain.ChainEntries[wcstoul(words[1].c_str(), nullptr, 10) % MAX_PROTOCOL_CHAIN] =
            wcstoul(words[2].c_str(), nullptr, 10);
        result = BY_BITNESS(WSCUpdateProvider, bits32)(&provider, path.c_str(), &entry, 1, &error);
    }
    if (command == L"copy" && CoCreateGuid(&provider) == S_OK)
        result = WSCInstallProvider(&provider, path.c_str(), &entry, 1, &error);
    if (result != 0) std::fprintf(stderr, "%ls: error %d\n", command.c_str(), error);
    return result == 0 ? 0 : 1;
}

// The test Winsock seeds the catalog again at its next use.
int reset() {
    const LSTATUS status = RegDeleteTreeW(
        HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\Protocol_Catalog9");
    return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND ? 0 : 1;
}
}  // namespace

int wmain(int count, wchar_t** arguments) {
    const std::wstring command = count > 1 ? arguments[1] : L"";
    if (command == L"list") return list(count > 2 && std::wstring(arguments[2]) == L"32");
    if (command == L"install" && count > 2) {
        wchar_t defaultName[] = L"test pass-through";
        return install(arguments[2], count > 3 ? arguments[3] : arguments[2], count > 4 ? arguments[4] : defaultName);
    }
    if (command == L"remove" && count > 2) return remove(arguments[2]);
    if (command == L"reset") return reset();
    if (command == L"deinstall" || command == L"path" || command == L"chain" || command == L"copy")
        return damage(command, {arguments + 2, arguments + count});
    std::fprintf(stderr, "winsock_catalog list [32] | install <dll> [<dll32> [<name>]] | remove <name> | reset\n");
    return 2;
}
