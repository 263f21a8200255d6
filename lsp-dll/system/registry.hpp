// Private to system and setup: registry keys with an owner, always in the 64-bit view (design §7), read. They are
// written by ../setup/registry_write.hpp.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lsp::system {

class RegistryKey {
  public:
    RegistryKey() noexcept = default;
    explicit RegistryKey(HKEY key) noexcept : key_(key) {}  // owns it
    RegistryKey(RegistryKey&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}
    RegistryKey& operator=(RegistryKey&& other) noexcept {
        std::swap(key_, other.key_);
        return *this;
    }
    ~RegistryKey() { close(); }

    explicit operator bool() const noexcept { return key_ != nullptr; }
    HKEY get() const noexcept { return key_; }
    void close() noexcept;

    // Win32 error, 0 on success.
    LONG open(HKEY parent, const wchar_t* name, REGSAM access, DWORD options = 0) noexcept;  // REG_OPTION_…

  private:
    HKEY key_ = nullptr;
};

// A value's bytes and type. ERROR_MORE_DATA if it is longer than `limit` bytes.
LONG read_value(HKEY key, const wchar_t* name, std::size_t limit, DWORD& type, std::vector<unsigned char>& bytes);

// The name of the subkey at `index`; ERROR_NO_MORE_ITEMS after the last.
LONG subkey_name(HKEY key, DWORD index, std::wstring& name);

}  // namespace lsp::system
