// Failures made on purpose, at any call of a WSC* function and at any write to the registry: see control.h, and
// README.md for the environment variables that ask for the same.
#pragma once

#include "catalog.h"

namespace test_winsock {
// Counts the call and carries out what is armed for it. The error that it has to answer at once, or 0.
int EnterCatalogCall(const char* name);

// Counts the write. False: it must fail.
bool EnterRegistryWrite();

// What a call that is torn leaves behind. The error that it has to answer instead, or 0; whether it ends here, once
// `after` is written.
struct Tear {
    int error = 0;
    bool kills = false;
};
Tear TearCall(const Catalogs& before, Catalogs& after);

// Ends this process, or this thread.
[[noreturn]] void Kill();
}  // namespace test_winsock
