// Private to system and setup: registry keys with an owner, always in the 64-bit view (design §7), read. They are
// written by ../setup/registry_write.hpp.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <cstddef>
#include <utility>

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

// A value's bytes and type. ERROR_MORE_DATA if it is longer than `limit` bytes. `bytes` is a std::vector or a Vector;
// of one that cannot grow the error is ERROR_NOT_ENOUGH_MEMORY.
template <typename Bytes>
LONG read_value(HKEY key, const wchar_t* name, std::size_t limit, DWORD& type, Bytes& bytes) {
    bytes.clear();
    DWORD size = 0;
    LONG error = RegQueryValueExW(key, name, nullptr, &type, nullptr, &size);
    // It may grow between the question and the answer.
    for (int attempt = 0; attempt < 4; ++attempt) {
        if (error != ERROR_SUCCESS && error != ERROR_MORE_DATA) return error;
        if (size > limit) return ERROR_MORE_DATA;
        if (size == 0) return ERROR_SUCCESS;
        bytes.resize(size);
        if (bytes.size() != size) return ERROR_NOT_ENOUGH_MEMORY;
        error = RegQueryValueExW(key, name, nullptr, &type, bytes.data(), &size);
        if (error == ERROR_SUCCESS) {
            bytes.resize(size);
            return ERROR_SUCCESS;
        }
    }
    bytes.clear();
    return error;
}

inline constexpr DWORD longest_key_name = 256;  // characters, with the terminator

// The name of the subkey at `index`, with a zero; ERROR_NO_MORE_ITEMS after the last.
LONG subkey_name(HKEY key, DWORD index, wchar_t (&name)[longest_key_name], DWORD& length) noexcept;
// The same into a std::wstring.
template <typename Text>
LONG subkey_name(HKEY key, DWORD index, Text& name) {
    wchar_t buffer[longest_key_name];
    DWORD length = 0;
    const LONG error = subkey_name(key, index, buffer, length);
    name.assign(buffer, length);
    return error;
}

}  // namespace lsp::system
