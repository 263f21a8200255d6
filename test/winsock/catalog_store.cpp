#include "catalog_store.h"

namespace test_winsock {
namespace {
constexpr wchar_t parametersPath[] = L"SYSTEM\\CurrentControlSet\\Services\\WinSock2\\Parameters";
constexpr wchar_t catalogName[] = L"Protocol_Catalog9";
// A change is written here first, in full, so that a process killed while it writes leaves no half catalog.
constexpr wchar_t pendingName[] = L"Protocol_Catalog9_Pending";
constexpr wchar_t completeName[] = L"Complete";
constexpr DWORD lockTimeoutMilliseconds = 30000;

// What Windows keeps in PackedCatalogItem. The path is ANSI there; ProviderPath has it unabridged.
struct PackedCatalogItem {
    char providerPath[MAX_PATH];
    WSAPROTOCOL_INFOW info;
};

struct CatalogNames {
    const wchar_t* entries;
    const wchar_t* count;
};

CatalogNames namesOf(Bitness bitness) {
    return bitness == Bitness::bits64 ? CatalogNames{L"Catalog_Entries64", L"Num_Catalog_Entries64"}
                                      : CatalogNames{L"Catalog_Entries", L"Num_Catalog_Entries"};
}

class CatalogLock {
  public:
    CatalogLock() : mutex_(CreateMutexW(nullptr, FALSE, L"Global\\test-winsock-protocol-catalog")) {
        const DWORD wait =
            mutex_ ? WaitForSingleObject(mutex_, lockTimeoutMilliseconds) : static_cast<DWORD>(WAIT_FAILED);
        held_ = wait == WAIT_OBJECT_0 || wait == WAIT_ABANDONED;
    }
    ~CatalogLock() {
        if (held_) ReleaseMutex(mutex_);
        if (mutex_) CloseHandle(mutex_);
    }
    CatalogLock(const CatalogLock&) = delete;
    CatalogLock& operator=(const CatalogLock&) = delete;
    bool held() const { return held_; }

  private:
    HANDLE mutex_;
    bool held_;
};

class RegistryKey {
  public:
    RegistryKey() = default;
    ~RegistryKey() {
        if (key_) RegCloseKey(key_);
    }
    RegistryKey(const RegistryKey&) = delete;
    RegistryKey& operator=(const RegistryKey&) = delete;

    bool open(HKEY parent, const wchar_t* name) {
        return RegOpenKeyExW(parent, name, 0, KEY_READ, &key_) == ERROR_SUCCESS;
    }
    bool readNumber(const wchar_t* name, DWORD& value) const { return read(name, &value, sizeof value); }
    bool read(const wchar_t* name, void* data, DWORD size) const {
        DWORD read = size;
        return RegQueryValueExW(key_, name, nullptr, nullptr, static_cast<BYTE*>(data), &read) == ERROR_SUCCESS &&
               read == size;
    }
    std::wstring readText(const wchar_t* name) const {
        wchar_t text[MAX_PATH + 1] = {};
        DWORD size = sizeof text - sizeof(wchar_t);
        RegQueryValueExW(key_, name, nullptr, nullptr, reinterpret_cast<BYTE*>(text), &size);
        return text;
    }

    HKEY get() const { return key_; }
    HKEY* put() { return &key_; }

  private:
    HKEY key_ = nullptr;
};

// ---- every change of the registry goes through these four ----

bool createKey(HKEY parent, const wchar_t* name, RegistryKey& key) {
    return RegCreateKeyExW(parent, name, 0, nullptr, 0, KEY_READ | KEY_WRITE, nullptr, key.put(), nullptr) ==
           ERROR_SUCCESS;
}

bool writeValue(HKEY key, const wchar_t* name, DWORD type, const void* data, std::size_t size) {
    return RegSetValueExW(key, name, 0, type, static_cast<const BYTE*>(data), static_cast<DWORD>(size)) ==
           ERROR_SUCCESS;
}

bool writeNumber(HKEY key, const wchar_t* name, DWORD value) {
    return writeValue(key, name, REG_DWORD, &value, sizeof value);
}

bool deleteTree(HKEY parent, const wchar_t* name) {
    const LSTATUS status = RegDeleteTreeW(parent, name);
    return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND;
}

// ---- one catalog key ----

std::wstring entryName(std::size_t index) {
    const std::wstring number = std::to_wstring(index + 1);
    return std::wstring(12 - number.size(), L'0') + number;
}

bool writeEntry(HKEY parent, std::size_t index, const CatalogEntry& entry) {
    RegistryKey key;
    if (!createKey(parent, entryName(index).c_str(), key)) return false;
    PackedCatalogItem item{};
    WideCharToMultiByte(CP_ACP, 0, entry.providerPath.c_str(), -1, item.providerPath, MAX_PATH - 1, nullptr, nullptr);
    item.info = entry.info;
    return writeValue(key.get(), L"PackedCatalogItem", REG_BINARY, &item, sizeof item) &&
           writeValue(key.get(), L"ProviderPath", REG_SZ, entry.providerPath.c_str(),
                      (entry.providerPath.size() + 1) * sizeof(wchar_t)) &&
           (entry.lspCategories == 0 || writeNumber(key.get(), L"LspCategories", entry.lspCategories));
}

bool writeCatalogKey(HKEY parameters, const wchar_t* name, Catalogs& catalogs, DWORD serial) {
    RegistryKey key;
    if (!deleteTree(parameters, name) || !createKey(parameters, name, key)) return false;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        const ProtocolCatalog& catalog = catalogs.of(bitness);
        RegistryKey entries;
        if (!createKey(key.get(), namesOf(bitness).entries, entries)) return false;
        for (std::size_t i = 0; i < catalog.size(); i++)
            if (!writeEntry(entries.get(), i, catalog[i])) return false;
        if (!writeNumber(key.get(), namesOf(bitness).count, static_cast<DWORD>(catalog.size()))) return false;
    }
    return writeNumber(key.get(), L"Next_Catalog_Entry_ID", catalogs.nextEntryId) &&
           writeNumber(key.get(), L"Serial_Access_Num", serial) && writeNumber(key.get(), completeName, 1);
}

bool readEntry(HKEY parent, std::size_t index, CatalogEntry& entry) {
    RegistryKey key;
    PackedCatalogItem item;
    if (!key.open(parent, entryName(index).c_str()) || !key.read(L"PackedCatalogItem", &item, sizeof item))
        return false;
    entry.info = item.info;
    entry.providerPath = key.readText(L"ProviderPath");
    if (!key.readNumber(L"LspCategories", entry.lspCategories)) entry.lspCategories = 0;
    return true;
}

// False when the key is missing or was not written to its end.
bool readCatalogKey(HKEY parameters, const wchar_t* name, Catalogs& catalogs, DWORD& serial) {
    RegistryKey key;
    DWORD complete;
    if (!key.open(parameters, name) || !key.readNumber(completeName, complete) ||
        !key.readNumber(L"Next_Catalog_Entry_ID", catalogs.nextEntryId) ||
        !key.readNumber(L"Serial_Access_Num", serial))
        return false;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        RegistryKey entries;
        DWORD count;
        if (!key.readNumber(namesOf(bitness).count, count) || !entries.open(key.get(), namesOf(bitness).entries))
            return false;
        ProtocolCatalog& catalog = catalogs.of(bitness);
        catalog.resize(count);
        for (DWORD i = 0; i < count; i++)
            if (!readEntry(entries.get(), i, catalog[i])) return false;
    }
    return true;
}

// What this process read last. The key itself is written with every change (its serial number is in it), so its time
// tells whether that still holds: Windows goes by the serial number alone.
struct LastRead {
    FILETIME written{};
    DWORD serial = 0;
    Catalogs catalogs;
};
LastRead* lastRead = nullptr;

bool readCatalogOrLastRead(HKEY parameters, Catalogs& catalogs, DWORD& serial) {
    RegistryKey key;
    FILETIME written;
    if (!key.open(parameters, catalogName) || !key.readNumber(L"Serial_Access_Num", serial) ||
        RegQueryInfoKeyW(key.get(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                         nullptr, &written) != ERROR_SUCCESS)
        return false;
    if (lastRead && lastRead->serial == serial && CompareFileTime(&lastRead->written, &written) == 0) {
        catalogs = lastRead->catalogs;
        return true;
    }
    if (!readCatalogKey(parameters, catalogName, catalogs, serial)) return false;
    if (!lastRead) lastRead = new LastRead;  // never freed: threads may call to the process's end
    *lastRead = {written, serial, catalogs};
    return true;
}

// ---- both keys, under the lock ----

bool write(HKEY parameters, Catalogs& catalogs, DWORD serial) {
    return writeCatalogKey(parameters, pendingName, catalogs, serial) &&
           writeCatalogKey(parameters, catalogName, catalogs, serial) && deleteTree(parameters, pendingName) &&
           writeValue(parameters, L"Current_Protocol_Catalog", REG_SZ, catalogName, sizeof catalogName);
}

bool readOrSeed(HKEY parameters, Catalogs& catalogs, DWORD& serial) {
    RegistryKey pending;
    if (pending.open(parameters, pendingName)) {
        // Somebody was killed in write(): a whole pending catalog is carried out, a half one forgotten.
        if (readCatalogKey(parameters, pendingName, catalogs, serial)) return write(parameters, catalogs, serial);
        deleteTree(parameters, pendingName);
    }
    if (readCatalogOrLastRead(parameters, catalogs, serial)) return true;
    catalogs = BaseCatalogs();
    serial = 1;
    return write(parameters, catalogs, serial);
}

bool openParameters(RegistryKey& parameters) { return createKey(HKEY_LOCAL_MACHINE, parametersPath, parameters); }
}  // namespace

int ReadCatalogs(Catalogs& catalogs) {
    CatalogLock lock;
    RegistryKey parameters;
    DWORD serial;
    if (!lock.held()) return WSATRY_AGAIN;
    return openParameters(parameters) && readOrSeed(parameters.get(), catalogs, serial) ? 0 : WSANO_RECOVERY;
}

int ChangeCatalogs(const std::function<int(Catalogs&)>& change) {
    CatalogLock lock;
    RegistryKey parameters;
    Catalogs catalogs;
    DWORD serial;
    if (!lock.held()) return WSATRY_AGAIN;
    if (!openParameters(parameters) || !readOrSeed(parameters.get(), catalogs, serial)) return WSANO_RECOVERY;
    if (const int error = change(catalogs)) return error;
    return write(parameters.get(), catalogs, serial + 1) ? 0 : WSANO_RECOVERY;
}
}  // namespace test_winsock
