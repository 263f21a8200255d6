// Whether the policy store has changed.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <span>

#include "../core/tunnel.hpp"
#include "handle.hpp"
#include "store_reader.hpp"

namespace lsp::system {

// Tells that the store may have changed since the last call, by RegNotifyChangeKeyValue's event: no thread, no polling
// of the content. One object per process.
class PolicyWatch {
  public:
    PolicyWatch() noexcept;
    PolicyWatch(const PolicyWatch&) = delete;
    PolicyWatch& operator=(const PolicyWatch&) = delete;

    // True the first time, whenever the store was written, created or deleted since, and when a watched publisher died.
    // What the caller reads after it is at least as new as what it tells of. One thread at a time.
    bool changed() noexcept;

    // Watches the publishers of these tunnels, of which no more than can be in force count; replaces those given
    // before.
    void watch_publishers(std::span<const Publisher> publishers) noexcept;
    static constexpr std::size_t most_watched = most_tunnels + most_delegated_tunnels;

  private:
    bool arm() noexcept;
    bool open() noexcept;
    bool store_changed() noexcept;
    bool a_publisher_died() noexcept;

    Handle event_;
    RegistryKey key_;
    bool told_once_ = false;
    bool publisher_died_ = false;
    Handle processes_[most_watched];
    std::size_t process_count_ = 0;
    Publisher unopened_[most_watched];  // their processes may not be opened: looked for in the list, now and then
    std::size_t unopened_count_ = 0;
    DWORD unopened_checked_ = 0;
};

}  // namespace lsp::system
