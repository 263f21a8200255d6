// Calling off a change of the catalog while it is under way.
#pragma once

#include <windows.h>

#include <atomic>

#include "../system/error.hpp"

namespace lsp::setup {

// While it lives, what this thread does to the catalog looks at the flag between its steps, and while it waits for
// another process: once that is true the change is rolled back and fails with ERR_ABORTED. A change that has taken its
// last step by then is finished instead. Null: nothing is looked at.
class CancelScope {
  public:
    explicit CancelScope(const std::atomic<bool>* flag) noexcept;
    ~CancelScope();
    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;

  private:
    const void* outer_;
};

// Private to setup from here on.

bool is_cancelled() noexcept;
// What the functions of catalog_changes.hpp answer instead of taking their step.
inline constexpr int cancelled_error = ERROR_CANCELLED;
// "<attempt>: it was called off."
system::Error cancelled(std::string_view attempt);

}  // namespace lsp::setup
