#include "catalog_watch.h"

#include <windows.h>

#include <atomic>

#include "registry_tree.h"

namespace test_winsock {
namespace {
// Counts the changes, for all processes together. Not RegNotifyChangeKeyValue: asking its event costs a call to the
// wineserver for each socket that is made.
volatile LONG* changes() {
    static volatile LONG* const counter = [] {
        static volatile LONG ofThisProcess;
        const HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, sizeof(LONG),
                                                  L"Global\\test-winsock-catalog-changes");
        void* const view = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof(LONG)) : nullptr;
        return view ? static_cast<volatile LONG*>(view) : &ofThisProcess;
    }();
    return counter;
}

std::atomic<LONG> seen{-1};
}  // namespace

bool CatalogMayHaveChanged() {
    if (RegistryTree::IsInMemory()) return false;
    const LONG now = *changes();
    if (seen.load(std::memory_order_relaxed) == now) return false;
    seen.store(now, std::memory_order_relaxed);
    return true;
}

void TellCatalogChange() {
    if (!RegistryTree::IsInMemory()) InterlockedIncrement(changes());
}
}  // namespace test_winsock
