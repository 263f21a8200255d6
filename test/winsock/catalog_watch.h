// Whether another process has changed the catalog.
#pragma once

namespace test_winsock {
// True if the registry's catalog may have changed since the last call; the first call answers true. Catalogs that this
// process keeps in memory (control.h) never count as changed.
bool CatalogMayHaveChanged();
}  // namespace test_winsock
