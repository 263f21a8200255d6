// What is interrupted: one line an operation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "setup/setup.hpp"
#include "test_winsock.hpp"

using lsp::system::Outcome;

struct Paths {
    std::wstring dll, dll32;              // ours
    std::wstring newer_dll, newer_dll32;  // a later version of ours
    std::wstring other_dll, other_dll32;  // a pass-through LSP of somebody else
};

struct Operation {
    std::string name;
    bool both;                         // both catalogs, or the 64-bit one only
    bool others;                       // over another LSP
    bool writes;                       // interrupted in the registry's writes too, which take most of the time
    std::function<Outcome()> prepare;  // makes, of a bare catalog, the one to start from
    std::function<Outcome()> run;
    std::function<Outcome()> install;  // what repairs it into a complete installation afterwards
    // It starts with a base provider that has lost an entry, which nothing else can bring back: whatever comes
    // afterwards must leave programs what they had, and be followed by the same again.
    bool restores_base = false;
    // A base provider that a kill within the call for both catalogs has left in the 64-bit one alone cannot be put into
    // the 32-bit one from a 64-bit process (restore says so): the same again is compared by the 64-bit catalog.
    bool leaves_32 = false;
};

// `both_can`: the 32-bit catalog can be installed into. If not, the operations that need that are left out, and the
// others keep to the 64-bit one.
std::vector<Operation> operations(const Paths& paths, bool both_can = true);

// Puts the other LSP into both catalogs.
Outcome install_other(const Paths& paths);
