// Whether another process has changed the catalog.
#pragma once

namespace test_winsock {
// True if the registry's catalog may have changed since the last call; the first call answers true. Catalogs that this
// process keeps in memory (control.h) never count as changed. Costs a look into memory.
bool CatalogMayHaveChanged();

// By whoever changes it, while it holds the catalog's lock and before it writes: who looks then waits for the lock.
void TellCatalogChange();
}  // namespace test_winsock
