// The machines whose catalogs test/catalogs has, and what install, remove and doctor make of them undisturbed.
#pragma once

#include <string>
#include <vector>

#include "operations.hpp"

struct Machine {
    std::string name;
    Bytes catalogs;  // as save_catalogs makes them
    bool both_can;   // no LSP without IFS handles is topmost, so that the 32-bit catalog can be installed into
};

// Those of the files <folder>\*.catalog, by name. Reads the catalogs that they have, so that those in memory are lost.
std::vector<Machine> machines_in(const std::wstring& folder);

// What is wrong, a sentence each.
std::vector<std::string> examine_machine(const Machine& machine, const Paths& paths);

// netsh winsock reset has left a fresh Windows' six entries: a restore of the backup from before, with ours in it,
// brings everything back.
Operation restore_after_reset(const Machine& machine, const Paths& paths);

// What is interrupted there: `all`, or what is not the same again with fewer catalogs or with the test's own LSP below.
std::vector<Operation> operations_on(const Machine& machine, const Paths& paths, bool all);
