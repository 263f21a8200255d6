// Private to setup: one process at a time, by a named mutex that only administrators can open.
#pragma once

#include <string_view>

#include "../system/error.hpp"
#include "../system/handle.hpp"

namespace lsp::setup {

class NamedMutex {
  public:
    // Waits up to `patience_ms`. `name` is without "Global\". `what` is what is locked, as in "the policy"; `busy_code`
    // is the error's code when another process holds it all that time. `called_off`, if it is given, is asked about ten
    // times a second: ERR_ABORTED once it says true. Else the system's error.
    static system::Result<NamedMutex> take(std::wstring_view name, unsigned long patience_ms, std::string_view what,
                                   std::string_view busy_code, bool (*called_off)() noexcept = nullptr);

    NamedMutex(NamedMutex&&) noexcept = default;
    NamedMutex& operator=(NamedMutex&&) noexcept = default;
    ~NamedMutex();

  private:
    explicit NamedMutex(system::Handle mutex) noexcept : mutex_(std::move(mutex)) {}
    system::Handle mutex_;
};

}  // namespace lsp::setup
