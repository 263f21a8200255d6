// Private to setup: the steps of which installing and removing are made. The caller holds the CatalogLock.
#pragma once

#include <optional>
#include <string_view>

#include "catalog_plan.hpp"
#include "plan.hpp"

namespace lsp::setup {

// Both catalogs as they stand; `other` only where a 64-bit process sees the 32-bit one.
struct Snapshot {
    Catalog native;
    std::optional<Catalog> other;
};
Result<Snapshot> take_snapshot();

// enumerate_catalog. The paths are what backups, and going back, rest on: one that could not be read is asked for once
// more.
Result<Catalog> read_with_paths(Architecture architecture);

// ERROR_ACCESS_DENIED if this process is not elevated; `attempt` begins the sentence.
Outcome check_elevated(std::string_view attempt);

// Takes these entries out, in their order: chains first, the layered entry last, so that a process killed in between
// never leaves a chain that names a missing entry.
Outcome remove_entries(Architecture architecture, const Catalog& ours);

// Does what the plan says: takes out, puts in, orders.
Outcome carry_out(const Plan& plan, const InstallOptions& options);

// ERR_READBACK_MISMATCH if a catalog is not as carry_out should have left it.
Outcome check_entries(const Plan& plan, const InstallOptions& options);

// ERR_OTHERS_DEPEND if another provider's chains contain entries of ours; `attempt` begins the sentence.
Outcome check_dependents(const Snapshot& snapshot, const char* attempt);

// Back to the snapshot after a failure, and what became of that, with the name of the snapshot's backup, as sentences
// to append to the message.
std::string roll_back(const Snapshot& snapshot, const std::wstring& backup);

}  // namespace lsp::setup
