#include "catalog_fixture.h"

namespace winsock_test {
void FreshCatalog::reset() {
    constexpr wchar_t parameters[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters\\";
    for (const wchar_t* name : {L"Protocol_Catalog9", L"Protocol_Catalog9_Pending"})
        RegDeleteTreeW(HKEY_LOCAL_MACHINE, (std::wstring(parameters) + name).c_str());
}

std::vector<WSAPROTOCOL_INFOW> readCatalog(Which which) {
#ifdef _WIN64
    const auto enumerate = which == Which::native ? &WSCEnumProtocols : &WSCEnumProtocols32;
#else
    const auto enumerate = &WSCEnumProtocols;
    static_cast<void>(which);
#endif
    std::vector<WSAPROTOCOL_INFOW> entries(128);
    DWORD length = static_cast<DWORD>(entries.size() * sizeof entries[0]);
    int error = 0;
    const int count = enumerate(nullptr, entries.data(), &length, &error);
    entries.resize(count < 0 ? 0 : count);
    return entries;
}

std::vector<DWORD> entryIds(const std::vector<WSAPROTOCOL_INFOW>& entries) {
    std::vector<DWORD> ids;
    for (const auto& entry : entries) ids.push_back(entry.dwCatalogEntryId);
    return ids;
}

WSAPROTOCOL_INFOW protocol(int family, int type, int number) {
    WSAPROTOCOL_INFOW info{};
    info.ProtocolChain.ChainLen = BASE_PROTOCOL;
    info.iVersion = 2;
    info.iAddressFamily = family;
    info.iSocketType = type;
    info.iProtocol = number;
    lstrcpyW(info.szProtocol, L"test protocol");
    return info;
}

int installChains(const GUID& provider, const std::wstring& path, const std::wstring& name,
                  const std::vector<WSAPROTOCOL_INFOW>& protocols, DWORD& layeredId, int& error) {
    GUID id = provider;
    std::wstring paths = path;
    std::wstring names = name;
    auto list = protocols;
    auto* const listed = list.empty() ? nullptr : list.data();
    const DWORD count = static_cast<DWORD>(list.size());
#ifdef _WIN64
    return WSCInstallProviderAndChains64_32(&id, paths.data(), paths.data(), names.data(), XP1_IFS_HANDLES, listed,
                                            count, &layeredId, &error);
#else
    return WSCInstallProviderAndChains(&id, paths.data(), names.data(), XP1_IFS_HANDLES, listed, count, &layeredId,
                                       &error);
#endif
}

std::wstring folderOfTest() {
    wchar_t path[MAX_PATH];
    GetModuleFileNameW(nullptr, path, MAX_PATH);
    const std::wstring text = path;
    return text.substr(0, text.rfind(L'\\'));
}

std::wstring passthroughPath() { return folderOfTest() + L"\\test_passthrough_lsp.dll"; }
}  // namespace winsock_test
