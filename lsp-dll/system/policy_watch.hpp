// Whether the policy store has changed.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <span>

#include "../core/tunnel.hpp"
#include "handle.hpp"
#include "policy_store_keys.hpp"
#include "store_reader.hpp"
#include "watched_key.hpp"

namespace lsp::system {

struct PolicyChange {
    bool rules = false;    // the administrator's rules may have changed,
    bool tunnels = false;  // tunnels may have: always with `rules`
    explicit operator bool() const noexcept { return rules || tunnels; }
};

// Tells that the store may have changed since the last call, by RegNotifyChangeKeyValue's event: no thread, no polling
// of the content. One object per process.
class PolicyWatch {
  public:
    PolicyWatch() noexcept = default;
    PolicyWatch(const PolicyWatch&) = delete;
    PolicyWatch& operator=(const PolicyWatch&) = delete;

    // Both the first time, and whenever the store was created or deleted since, or something written to the key itself;
    // tunnels alone when one was written, or a watched publisher died. Of delegated tunnels it tells at most once a
    // second. What the caller reads after it is at least as new as what it tells of. One thread at a time.
    PolicyChange changed() noexcept;

    // Watches the publishers of these tunnels, of which no more than can be in force count; replaces those given
    // before.
    void watch_publishers(std::span<const Publisher> publishers) noexcept;
    static constexpr std::size_t most_watched = most_tunnels + most_delegated_tunnels;

  private:
    static constexpr DWORD delegated_interval_ms = 1000;

    bool tunnels_changed(bool store_changed) noexcept;
    bool a_publisher_died() noexcept;

    // One each, so that what members of the group do makes nobody read the administrator's rules again.
    WatchedKey store_{policy_store_key, false};
    WatchedKey tunnels_{tunnels_path, true};
    WatchedKey delegated_{delegated_tunnels_path, true};
    DWORD delegated_told_ = GetTickCount() - delegated_interval_ms;
    bool told_once_ = false;
    bool publisher_died_ = false;
    Handle processes_[most_watched];
    std::size_t process_count_ = 0;
    Publisher unopened_[most_watched];  // their processes may not be opened: looked for in the list, now and then
    std::size_t unopened_count_ = 0;
    DWORD unopened_checked_ = 0;
};

}  // namespace lsp::system
