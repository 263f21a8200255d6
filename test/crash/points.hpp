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

// Carries the operation out in a process of its own, over the registry, with this in its environment.
using RunElsewhere = std::function<void(const Bytes& catalogs, const std::wstring& variable)>;

// `programs` is asked about each catalog that is not in `known`, which gets it. Each call that changes something is
// interrupted; of those that only read about `most_calls`, spread over all of the operation.
Report interrupt_everywhere(const Operation& operation, const Paths& paths, const TryPrograms& programs,
                            const RunElsewhere& elsewhere, std::set<std::string>& known, unsigned most_calls);
