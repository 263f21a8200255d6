// The policy as this process knows it: one immutable snapshot, replaced when the store changes, read without locks.
#pragma once

#include <atomic>

#include "../core/loaded_policy.hpp"

namespace lsp::provider {

using PolicySnapshot = LoadedPolicy;

// Looks whether the store has changed, at most every 50 ms, and loads it if so. A few nanoseconds otherwise.
void refresh_policy() noexcept;

// True if there is anything to decide. Refreshes first.
bool policy_active() noexcept;

// Refreshes, and holds the snapshot that was current when it was made.
class PolicyReader {
  public:
    explicit PolicyReader(std::uint32_t now) noexcept;  // GetTickCount
    ~PolicyReader();
    PolicyReader(const PolicyReader&) = delete;
    PolicyReader& operator=(const PolicyReader&) = delete;

    // Null: no rules at all.
    const PolicySnapshot* get() const noexcept { return snapshot_; }

  private:
    const PolicySnapshot* snapshot_;
};

}  // namespace lsp::provider
