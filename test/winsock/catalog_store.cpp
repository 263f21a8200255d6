#include "catalog_store.h"

#include <cstring>

#include "catalog_watch.h"
#include "control.h"
#include "export_macro.h"
#include "faults.h"
#include "registry_tree.h"

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
    CatalogLock() {
        if (RegistryTree::IsInMemory()) return;  // nobody else's
        mutex_ = CreateMutexW(nullptr, FALSE, L"Global\\test-winsock-protocol-catalog");
        const DWORD wait =
            mutex_ ? WaitForSingleObject(mutex_, lockTimeoutMilliseconds) : static_cast<DWORD>(WAIT_FAILED);
        held_ = wait == WAIT_OBJECT_0 || wait == WAIT_ABANDONED;
    }
    ~CatalogLock() {
        if (mutex_ && held_) ReleaseMutex(mutex_);
        if (mutex_) CloseHandle(mutex_);
    }
    CatalogLock(const CatalogLock&) = delete;
    CatalogLock& operator=(const CatalogLock&) = delete;
    bool held() const { return held_; }

  private:
    HANDLE mutex_ = nullptr;
    bool held_ = true;
};

// ---- one catalog key ----

std::wstring entryName(std::size_t index) {
    const std::wstring number = std::to_wstring(index + 1);
    return std::wstring(12 - number.size(), L'0') + number;
}

bool writeEntry(const RegistryTree& parent, std::size_t index, const CatalogEntry& entry) {
    RegistryTree key;
    if (!key.create(parent, entryName(index).c_str())) return false;
    PackedCatalogItem item{};
    WideCharToMultiByte(CP_ACP, 0, entry.providerPath.c_str(), -1, item.providerPath, MAX_PATH - 1, nullptr, nullptr);
    item.info = entry.info;
    return key.write(L"PackedCatalogItem", REG_BINARY, &item, sizeof item) &&
           key.write(L"ProviderPath", REG_SZ, entry.providerPath.c_str(),
                     (entry.providerPath.size() + 1) * sizeof(wchar_t)) &&
           (entry.lspCategories == 0 || key.writeNumber(L"LspCategories", entry.lspCategories));
}

bool writeCatalogKey(const RegistryTree& parameters, const wchar_t* name, Catalogs& catalogs, DWORD serial) {
    RegistryTree key;
    if (!parameters.deleteTree(name) || !key.create(parameters, name)) return false;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        const ProtocolCatalog& catalog = catalogs.of(bitness);
        RegistryTree entries;
        if (!entries.create(key, namesOf(bitness).entries)) return false;
        for (std::size_t i = 0; i < catalog.size(); i++)
            if (!writeEntry(entries, i, catalog[i])) return false;
        if (!key.writeNumber(namesOf(bitness).count, static_cast<DWORD>(catalog.size()))) return false;
    }
    return key.writeNumber(L"Next_Catalog_Entry_ID", catalogs.nextEntryId) &&
           key.writeNumber(L"Serial_Access_Num", serial) && key.writeNumber(completeName, 1);
}

bool readEntry(const RegistryTree& parent, std::size_t index, CatalogEntry& entry) {
    RegistryTree key;
    PackedCatalogItem item;
    if (!key.open(parent, entryName(index).c_str()) || !key.read(L"PackedCatalogItem", &item, sizeof item))
        return false;
    entry.info = item.info;
    entry.providerPath = key.readText(L"ProviderPath");
    if (!key.readNumber(L"LspCategories", entry.lspCategories)) entry.lspCategories = 0;
    return true;
}

// False when the key is missing or was not written to its end.
bool readCatalogKey(const RegistryTree& parameters, const wchar_t* name, Catalogs& catalogs, DWORD& serial) {
    RegistryTree key;
    DWORD complete;
    if (!key.open(parameters, name) || !key.readNumber(completeName, complete) ||
        !key.readNumber(L"Next_Catalog_Entry_ID", catalogs.nextEntryId) ||
        !key.readNumber(L"Serial_Access_Num", serial))
        return false;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32}) {
        RegistryTree entries;
        DWORD count;
        if (!key.readNumber(namesOf(bitness).count, count) || !entries.open(key, namesOf(bitness).entries))
            return false;
        ProtocolCatalog& catalog = catalogs.of(bitness);
        catalog.resize(count);
        for (DWORD i = 0; i < count; i++)
            if (!readEntry(entries, i, catalog[i])) return false;
    }
    return true;
}

// ---- both keys, under the lock ----

bool write(const RegistryTree& parameters, Catalogs& catalogs, DWORD serial) {
    return writeCatalogKey(parameters, pendingName, catalogs, serial) &&
           writeCatalogKey(parameters, catalogName, catalogs, serial) && parameters.deleteTree(pendingName) &&
           parameters.write(L"Current_Protocol_Catalog", REG_SZ, catalogName, sizeof catalogName);
}

bool readOrSeedAnew(const RegistryTree& parameters, Catalogs& catalogs, DWORD& serial) {
    RegistryTree pending;
    if (pending.open(parameters, pendingName)) {
        // Somebody was killed in write(): a whole pending catalog is carried out, a half one forgotten.
        if (readCatalogKey(parameters, pendingName, catalogs, serial)) return write(parameters, catalogs, serial);
        parameters.deleteTree(pendingName);
    }
    if (readCatalogKey(parameters, catalogName, catalogs, serial)) return true;
    catalogs = BaseCatalogs();
    serial = 1;
    return write(parameters, catalogs, serial);
}

bool readOrSeed(const RegistryTree& parameters, Catalogs& catalogs, DWORD& serial) {
    if (!RegistryTree::IsInMemory()) return readOrSeedAnew(parameters, catalogs, serial);
    // Nobody else changes it: what was read last still holds.
    static Catalogs last;
    static DWORD lastSerial;
    static unsigned long long lastVersion = ~0ull;
    if (lastVersion != RegistryTree::Version()) {
        lastVersion = ~0ull;
        if (!readOrSeedAnew(parameters, last, lastSerial)) return false;
        lastVersion = RegistryTree::Version();
    }
    catalogs = last;
    serial = lastSerial;
    return true;
}
}  // namespace

int ReadCatalogs(Catalogs& catalogs) {
    CatalogLock lock;
    RegistryTree parameters;
    DWORD serial;
    if (!lock.held()) return WSATRY_AGAIN;
    return parameters.openRoot(parametersPath) && readOrSeed(parameters, catalogs, serial) ? 0 : WSANO_RECOVERY;
}

int ChangeCatalogs(const std::function<int(Catalogs&)>& change) {
    CatalogLock lock;
    RegistryTree parameters;
    Catalogs catalogs;
    DWORD serial;
    if (!lock.held()) return WSATRY_AGAIN;
    if (!parameters.openRoot(parametersPath) || !readOrSeed(parameters, catalogs, serial)) return WSANO_RECOVERY;
    const Catalogs before = catalogs;
    if (const int error = change(catalogs)) return error;
    const Tear tear = TearCall(before, catalogs);
    TellCatalogChange();
    if (!write(parameters, catalogs, serial + 1)) return WSANO_RECOVERY;
    if (tear.kills) Kill();
    return tear.error;
}

WINSOCK_EXPORT(void, TestWinsockKeepInMemory, BOOL inMemory) { RegistryTree::KeepInMemory(inMemory != FALSE); }

WINSOCK_EXPORT(int, TestWinsockSave, BYTE* buffer, DWORD* size) {
    Catalogs catalogs;
    if (const int error = ReadCatalogs(catalogs)) return error;
    const DWORD room = *size;
    *size = static_cast<DWORD>(sizeof(TestWinsockSavedHeader) +
                               (catalogs.bits64.size() + catalogs.bits32.size()) * sizeof(TestWinsockSavedEntry));
    if (room < *size) return WSAENOBUFS;
    const TestWinsockSavedHeader header{catalogs.nextEntryId, static_cast<DWORD>(catalogs.bits64.size()),
                                        static_cast<DWORD>(catalogs.bits32.size())};
    std::memcpy(buffer, &header, sizeof header);
    buffer += sizeof header;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32})
        for (const CatalogEntry& entry : catalogs.of(bitness)) {
            TestWinsockSavedEntry saved{};
            lstrcpynW(saved.path, entry.providerPath.c_str(), MAX_PATH);
            saved.info = entry.info;
            saved.lspCategories = entry.lspCategories;
            std::memcpy(buffer, &saved, sizeof saved);
            buffer += sizeof saved;
        }
    return 0;
}

WINSOCK_EXPORT(int, TestWinsockLoad, const BYTE* buffer, DWORD size) {
    TestWinsockSavedHeader header;
    if (size < sizeof header) return WSAEINVAL;
    std::memcpy(&header, buffer, sizeof header);
    if (size != sizeof header + (header.count64 + header.count32) * sizeof(TestWinsockSavedEntry)) return WSAEINVAL;
    buffer += sizeof header;
    Catalogs loaded;
    loaded.nextEntryId = header.nextEntryId;
    for (Bitness bitness : {Bitness::bits64, Bitness::bits32})
        for (DWORD i = bitness == Bitness::bits64 ? header.count64 : header.count32; i > 0; i--) {
            TestWinsockSavedEntry saved;
            std::memcpy(&saved, buffer, sizeof saved);
            buffer += sizeof saved;
            loaded.of(bitness).push_back({saved.path, saved.info, saved.lspCategories});
        }
    return ChangeCatalogs([&](Catalogs& catalogs) {
        catalogs = loaded;
        return 0;
    });
}
}  // namespace test_winsock
