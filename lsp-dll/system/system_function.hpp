// Private to system: functions that are looked up on first need, because they are newer than Windows XP or because
// their DLL must not be a static import.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <atomic>

namespace lsp::system {

enum class SystemLibrary { advapi32, iphlpapi, kernel32, ntdll, wevtapi, ws2_32 };

// Null if it cannot be loaded. Never let go again.
HMODULE find_library(SystemLibrary library) noexcept;

// Null if the library or the function does not exist. ws2_32 is the one that this module is linked to, whatever else of
// that name the process has loaded.
void* look_up(SystemLibrary library, const char* name) noexcept;

// A constant-initialised global. Safe to use from any thread: all of them find the same address, and none waits. What a
// library does not have is not looked for again; a library that could not be loaded (in a 32-bit process that has
// switched the redirection of its file system off, where memory is out) is, at the next use. `find`: for tests.
template <typename Signature, HMODULE (*find)(SystemLibrary) noexcept = find_library>
class SystemFunction {
  public:
    constexpr SystemFunction(SystemLibrary library, const char* name) noexcept : library_(library), name_(name) {}

    Signature* get() noexcept {
        if (!resolved_.load(std::memory_order_acquire)) {
            const HMODULE module = find(library_);
            if (module == nullptr) return nullptr;
            address_.store(reinterpret_cast<void*>(GetProcAddress(module, name_)), std::memory_order_relaxed);
            resolved_.store(true, std::memory_order_release);
        }
        return reinterpret_cast<Signature*>(address_.load(std::memory_order_relaxed));
    }

    const char* name() const noexcept { return name_; }

  private:
    SystemLibrary library_;
    const char* name_;
    std::atomic<bool> resolved_{false};
    std::atomic<void*> address_{nullptr};
};

}  // namespace lsp::system
