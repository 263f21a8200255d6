// An operation, interrupted at every point where it could be.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "catalog_state.hpp"
#include "operations.hpp"

// What real programs do under a catalog; empty if they work. Asked once for each catalog that comes about.
using TryPrograms = std::function<std::string(const Bytes& catalogs)>;

struct Report {
    std::map<std::string, unsigned> points;  // tried, by kind
    unsigned states = 0;                     // different catalogs that they left
    std::vector<std::string> failures;       // what did not survive, with the point
};

// How much of an operation is interrupted. What is left out is spread over all of it.
struct Effort {
    static constexpr unsigned all = static_cast<unsigned>(-1);
    unsigned reads = 40;      // of the calls that change nothing, about so many
    unsigned changes = all;   // of those that do
    unsigned tears = all;     // of the places between a call's new entries
    unsigned writes = 400;    // of the registry's writes, about so many
    unsigned programs = all;  // at most so many of the catalogs that come about are tried with programs
    bool registry = true;     // also in the registry's writes, and by kills of processes
};

// Carries the operation out in a process of its own, over the registry, with this in its environment.
using RunElsewhere = std::function<void(const Bytes& catalogs, const std::wstring& variable)>;

// The machine on which it happens.
struct Ground {
    Bytes catalogs;     // empty: those of a fresh Windows
    bool works = true;  // programs do, before anything is done
};

// What is wrong with the ground from the beginning is not the operation's. `programs` is asked about each catalog that
// is not in `known`, which gets it, where they work at all.
Report interrupt_everywhere(const Operation& operation, const Paths& paths, const Ground& ground,
                            const TryPrograms& programs, const RunElsewhere& elsewhere, std::set<std::string>& known,
                            const Effort& effort);
