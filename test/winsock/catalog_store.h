// Where the protocol catalogs are kept: the registry, in Windows' layout. The only writer of it.
#pragma once

#include <functional>

#include "catalog.h"

namespace test_winsock {
// Reads both catalogs; creates those of a fresh Windows when there are none. A Winsock error, or 0.
int ReadCatalogs(Catalogs& catalogs);

// Reads, changes and writes the catalogs while no other process can. Nothing is written when `change` answers an
// error; what was written before a process is killed in here is finished or undone by the next reader.
int ChangeCatalogs(const std::function<int(Catalogs&)>& change);
}  // namespace test_winsock
