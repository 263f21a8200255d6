// Private to system: one key of the machine's registry, of which the system tells changes by an event.
#pragma once

#include "handle.hpp"
#include "registry.hpp"

namespace lsp::system {

class WatchedKey {
  public:
    // `path` below HKEY_LOCAL_MACHINE lives as long as this. With `subtree` the keys below it count, too; without, only
    // its values and the names of its subkeys.
    WatchedKey(const wchar_t* path, bool subtree) noexcept : path_(path), subtree_(subtree) {}

    bool is_open() const noexcept { return static_cast<bool>(key_); }
    // True if it has changed since the last call, was deleted, or is there now and was not. What is read after it is at
    // least as new as what it tells of. A key that is not there is looked for by each call.
    bool changed() noexcept;

  private:
    bool open() noexcept;
    bool arm() noexcept;

    const wchar_t* path_;
    bool subtree_;
    Handle event_{CreateEventW(nullptr, FALSE, FALSE, nullptr)};
    RegistryKey key_;
};

}  // namespace lsp::system
