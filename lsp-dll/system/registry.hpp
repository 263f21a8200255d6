// Private to system: registry keys with an owner, always in the 64-bit view (design §7).
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
    RegistryKey(RegistryKey&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}
    RegistryKey& operator=(RegistryKey&& other) noexcept {
        std::swap(key_, other.key_);
        return *this;
    }
    ~RegistryKey() { close(); }

    explicit operator bool() const noexcept { return key_ != nullptr; }
    HKEY get() const noexcept { return key_; }
    void close() noexcept;

    // Each gives a Win32 error, 0 on success.
    LONG open(HKEY parent, const wchar_t* name, REGSAM access) noexcept;
    LONG create(HKEY parent, const wchar_t* name, DWORD options, REGSAM access, SECURITY_ATTRIBUTES* security,
                bool* created = nullptr) noexcept;

  private:
    HKEY key_ = nullptr;
};

// A value's bytes and type. ERROR_MORE_DATA if it is longer than `limit` bytes.
LONG read_value(HKEY key, const wchar_t* name, std::size_t limit, DWORD& type, std::vector<unsigned char>& bytes);

// The name of the subkey at `index`; ERROR_NO_MORE_ITEMS after the last.
LONG subkey_name(HKEY key, DWORD index, std::wstring& name);

// Deletes a subkey without subkeys of its own.
LONG delete_key(HKEY parent, const wchar_t* name) noexcept;
inline constexpr unsigned default_depth_limit = 16;
// Deletes a subkey with everything in it. ERROR_FILE_NOT_FOUND if it does not exist; ERROR_KEY_HAS_CHILDREN, and what
// is too deep stays, if there is more than `depth_limit` levels of keys, its own included.
LONG delete_tree(HKEY parent, const wchar_t* name, unsigned depth_limit = default_depth_limit);

}  // namespace lsp::system
