#include "namespace_store.h"

namespace test_winsock {
namespace {
constexpr wchar_t parametersPath[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters";
constexpr wchar_t catalogName[] = L"NameSpace_Catalog5";
constexpr DWORD lockTimeoutMilliseconds = 30000;

// What "netsh winsock show catalog" and the registry of a Windows 10 hold.
const struct {
    const wchar_t *name, *displayString, *path;
    GUID provider;
    DWORD nameSpace;
} windowsEntries[] = {
    {L"Network Location Awareness Legacy (NLAv1) Namespace",
     L"@%SystemRoot%\\system32\\nlasvc.dll,-1000",
     L"%SystemRoot%\\system32\\NLAapi.dll",
     {0x6642243a, 0x3ba8, 0x4aa6, {0xba, 0xa5, 0x2e, 0x0b, 0xd7, 0x1f, 0xdd, 0x83}},
     NS_NLA},
    {L"E-mail Naming Shim Provider",
     L"@%SystemRoot%\\system32\\napinsp.dll,-1000",
     L"%SystemRoot%\\system32\\napinsp.dll",
     {0x964acba2, 0xb2bc, 0x40eb, {0x8c, 0x6a, 0xa6, 0xdb, 0x40, 0x16, 0x1c, 0xae}},
     NS_EMAIL},
    {L"PNRP Cloud Namespace Provider",
     L"@%SystemRoot%\\system32\\pnrpnsp.dll,-1000",
     L"%SystemRoot%\\system32\\pnrpnsp.dll",
     {0x03fe89ce, 0x766d, 0x4976, {0xb9, 0xc1, 0xbb, 0x9b, 0xc4, 0x2c, 0x7b, 0x4d}},
     NS_PNRPCLOUD},
    {L"PNRP Name Namespace Provider",
     L"@%SystemRoot%\\system32\\pnrpnsp.dll,-1001",
     L"%SystemRoot%\\system32\\pnrpnsp.dll",
     {0x03fe89cd, 0x766d, 0x4976, {0xb9, 0xc1, 0xbb, 0x9b, 0xc4, 0x2c, 0x7b, 0x4d}},
     NS_PNRPNAME},
    {L"Tcpip",
     L"@%SystemRoot%\\system32\\wshtcpip.dll,-60103",
     L"%SystemRoot%\\System32\\mswsock.dll",
     {0x22059d40, 0x7e9e, 0x11cf, {0xae, 0x5a, 0x00, 0xaa, 0x00, 0xa7, 0x11, 0x2b}},
     NS_DNS},
    {L"NTDS",
     L"@%SystemRoot%\\system32\\winrnr.dll,-1000",
     L"%SystemRoot%\\System32\\winrnr.dll",
     {0x3b2637ee, 0xe580, 0x11cf, {0xa5, 0x55, 0x00, 0xc0, 0x4f, 0xd8, 0xd4, 0xac}},
     NS_NTDS},
};

class Lock {
  public:
    Lock() : mutex_(CreateMutexW(nullptr, FALSE, L"Global\\test-winsock-namespace-catalog")) {
        const DWORD wait =
            mutex_ ? WaitForSingleObject(mutex_, lockTimeoutMilliseconds) : static_cast<DWORD>(WAIT_FAILED);
        held_ = wait == WAIT_OBJECT_0 || wait == WAIT_ABANDONED;
    }
    ~Lock() {
        if (held_) ReleaseMutex(mutex_);
        if (mutex_) CloseHandle(mutex_);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    bool held() const { return held_; }

  private:
    HANDLE mutex_;
    bool held_;
};

class Key {
  public:
    Key() = default;
    ~Key() {
        if (key_) RegCloseKey(key_);
    }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    bool open(HKEY parent, const wchar_t* name) {
        return RegOpenKeyExW(parent, name, 0, KEY_READ, &key_) == ERROR_SUCCESS;
    }
    bool create(HKEY parent, const wchar_t* name) {
        return RegCreateKeyExW(parent, name, 0, nullptr, 0, KEY_READ | KEY_WRITE, nullptr, &key_, nullptr) ==
               ERROR_SUCCESS;
    }
    bool read(const wchar_t* name, void* data, DWORD size) const {
        DWORD length = size;
        return RegQueryValueExW(key_, name, nullptr, nullptr, static_cast<BYTE*>(data), &length) == ERROR_SUCCESS &&
               length == size;
    }
    bool readText(const wchar_t* name, std::wstring& text) const {
        wchar_t buffer[MAX_PATH + 1] = {};
        DWORD size = sizeof buffer - sizeof(wchar_t);
        if (RegQueryValueExW(key_, name, nullptr, nullptr, reinterpret_cast<BYTE*>(buffer), &size) != ERROR_SUCCESS)
            return false;
        text = buffer;
        return true;
    }
    bool write(const wchar_t* name, DWORD type, const void* data, std::size_t size) const {
        return RegSetValueExW(key_, name, 0, type, static_cast<const BYTE*>(data), static_cast<DWORD>(size)) ==
               ERROR_SUCCESS;
    }
    bool writeNumber(const wchar_t* name, DWORD value) const { return write(name, REG_DWORD, &value, sizeof value); }
    bool writeText(const wchar_t* name, const std::wstring& text) const {
        return write(name, REG_SZ, text.c_str(), (text.size() + 1) * sizeof(wchar_t));
    }
    HKEY get() const { return key_; }

  private:
    HKEY key_ = nullptr;
};

const wchar_t* entriesOf(Bitness bitness) {
    return bitness == Bitness::bits64 ? L"Catalog_Entries64" : L"Catalog_Entries";
}
const wchar_t* countOf(Bitness bitness) {
    return bitness == Bitness::bits64 ? L"Num_Catalog_Entries64" : L"Num_Catalog_Entries";
}

std::wstring entryName(std::size_t index) {
    const std::wstring number = std::to_wstring(index + 1);
    return std::wstring(12 - number.size(), L'0') + number;
}

bool writeEntry(HKEY parent, std::size_t index, const NamespaceEntry& entry) {
    Key key;
    return key.create(parent, entryName(index).c_str()) && key.writeText(L"DisplayString", entry.displayString) &&
           key.writeNumber(L"Enabled", entry.enabled) && key.writeText(L"LibraryPath", entry.path) &&
           key.write(L"ProviderId", REG_BINARY, &entry.provider, sizeof entry.provider) &&
           key.writeNumber(L"SupportedNameSpace", entry.nameSpace) && key.writeNumber(L"Version", entry.version) &&
           key.writeNumber(L"StoresServiceClassInfo", entry.storesServiceClassInfo);
}

bool readEntry(HKEY parent, std::size_t index, NamespaceEntry& entry) {
    Key key;
    return key.open(parent, entryName(index).c_str()) && key.readText(L"DisplayString", entry.displayString) &&
           key.read(L"Enabled", &entry.enabled, sizeof(DWORD)) && key.readText(L"LibraryPath", entry.path) &&
           key.read(L"ProviderId", &entry.provider, sizeof entry.provider) &&
           key.read(L"SupportedNameSpace", &entry.nameSpace, sizeof(DWORD)) &&
           key.read(L"Version", &entry.version, sizeof(DWORD)) &&
           key.read(L"StoresServiceClassInfo", &entry.storesServiceClassInfo, sizeof(DWORD));
}

bool write(HKEY parameters, Namespaces& namespaces) {
    RegDeleteTreeW(parameters, catalogName);
    Key catalog;
    if (!catalog.create(parameters, catalogName)) return false;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        Key entries;
        if (!entries.create(catalog.get(), entriesOf(bitness))) return false;
        const auto& list = namespaces.of(bitness);
        for (std::size_t i = 0; i < list.size(); i++)
            if (!writeEntry(entries.get(), i, list[i])) return false;
        if (!catalog.writeNumber(countOf(bitness), static_cast<DWORD>(list.size()))) return false;
    }
    return RegSetValueExW(parameters, L"Current_NameSpace_Catalog", 0, REG_SZ,
                          reinterpret_cast<const BYTE*>(catalogName), sizeof catalogName) == ERROR_SUCCESS;
}

bool readOrSeed(HKEY parameters, Namespaces& namespaces) {
    Key catalog;
    bool whole = catalog.open(parameters, catalogName);
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        Key entries;
        DWORD count = 0;
        whole = whole && catalog.read(countOf(bitness), &count, sizeof count) &&
                entries.open(catalog.get(), entriesOf(bitness));
        if (!whole) break;
        namespaces.of(bitness).resize(count);
        for (DWORD i = 0; whole && i < count; i++) whole = readEntry(entries.get(), i, namespaces.of(bitness)[i]);
    }
    if (whole) return true;
    namespaces = {};
    for (const auto& entry : windowsEntries)
        for (Bitness bitness : {Bitness::bits64, Bitness::bits32})
            namespaces.of(bitness).push_back(
                {entry.provider, entry.displayString, entry.path, entry.nameSpace, 0, 1, 0});
    return write(parameters, namespaces);
}
}  // namespace

int ReadNamespaces(Namespaces& namespaces) {
    Lock lock;
    Key parameters;
    if (!lock.held()) return WSATRY_AGAIN;
    return parameters.create(HKEY_LOCAL_MACHINE, parametersPath) && readOrSeed(parameters.get(), namespaces)
               ? 0
               : WSANO_RECOVERY;
}

int ChangeNamespaces(const std::function<int(Namespaces&)>& change) {
    Lock lock;
    Key parameters;
    Namespaces namespaces;
    if (!lock.held()) return WSATRY_AGAIN;
    if (!parameters.create(HKEY_LOCAL_MACHINE, parametersPath) || !readOrSeed(parameters.get(), namespaces))
        return WSANO_RECOVERY;
    if (const int error = change(namespaces)) return error;
    return write(parameters.get(), namespaces) ? 0 : WSANO_RECOVERY;
}

std::wstring DisplayName(const std::wstring& displayString) {
    for (const auto& entry : windowsEntries)
        if (displayString == entry.displayString) return entry.name;
    return displayString;
}
}  // namespace test_winsock
