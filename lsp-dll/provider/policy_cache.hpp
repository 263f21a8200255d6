// The policy as this process knows it: one immutable snapshot, replaced when the store changes, read without locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "../core/loaded_policy.hpp"
#include "../system/coarse_clock.hpp"

namespace lsp::provider {

using PolicySnapshot = LoadedPolicy;

inline constexpr std::uint32_t look_interval_ms = 50;
extern std::atomic<std::uint32_t> last_look;  // system::milliseconds; 0: none yet

// Whether it is time to look for changes of the store.
inline bool is_time_to_look(std::uint32_t now) noexcept {
    const std::uint32_t last = last_look.load(std::memory_order_relaxed);
    return last == 0 || now - last >= look_interval_ms;
}
void look_for_changes(std::uint32_t now) noexcept;  // and loads what changed

// Looks for changes if it is time. A nanosecond otherwise. `now`: system::milliseconds.
inline void refresh_policy(std::uint32_t now) noexcept {
    if (is_time_to_look(now)) look_for_changes(now);
}
inline void refresh_policy() noexcept { refresh_policy(system::milliseconds()); }

// True if there is anything to decide. The first one refreshes before.
bool policy_active() noexcept;
bool policy_decides() noexcept;

// True if there are rules for the connections that this process accepts. Does not refresh.
bool policy_judges_entries() noexcept;

// True if some rule can refuse: then a source that the program chose itself needs a look too. Does not refresh.
bool policy_enforces() noexcept;
// True if some rule leads this process's connections to a proxy. Does not refresh.
bool policy_leads() noexcept;
// True if some rule wants a look at connections that are made already: it leads, names the interface, or is for what
// comes in. Does not refresh.
bool policy_checks() noexcept;

// For calls that are not decided as a rule, such as a send from an address that the program chose: true if they need a
// look all the same, because some rule can refuse, or because it is time to refresh. A load or two.
extern std::atomic<std::uint32_t> next_look;  // system::coarse_ticks
inline bool needs_look() noexcept {
    return static_cast<std::int32_t>(system::coarse_ticks() - next_look.load(std::memory_order_relaxed)) >= 0;
}

// Holds the snapshot that was current when it was made.
class PolicyReader {
  public:
    PolicyReader() noexcept;
    ~PolicyReader();
    PolicyReader(const PolicyReader&) = delete;
    PolicyReader& operator=(const PolicyReader&) = delete;

    // Null: no rules at all.
    const PolicySnapshot* get() const noexcept { return snapshot_; }

  private:
    const PolicySnapshot* snapshot_;
    std::size_t stripe_;
};

}  // namespace lsp::provider
