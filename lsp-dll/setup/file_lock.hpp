// Private to setup: one process at a time, by a file that nobody else can have open.
//
// A named kernel object will not do: its names are anybody's, so any user can make it first, hold it for ever, shut us
// out by its rights, or make another kind of object of that name. The file is made in Windows' own folder, where only
// administrators can make any; ordinary users may not even open it, so that they cannot hold it by reading it; it is
// gone when the lock is, and the system lets go of it when the process that has it is killed.
#pragma once

#include <string>
#include <string_view>

#include "../system/error.hpp"
#include "../system/handle.hpp"

namespace lsp::setup {

class FileLock {
  public:
    // Waits up to `patience_ms`. `name` is the file's, without ".lock"; `what` is what is locked, as in "the policy".
    // `called_off`, if it is given, is asked about ten times a second. A thread that has the lock does not get it once
    // more. Errors: `busy_code` (another process had it all that time), ERR_ABORTED (it was called off),
    // ERROR_ACCESS_DENIED (no administrator), others as CreateFileW gives them.
    static system::Result<FileLock> take(std::wstring_view name, unsigned long patience_ms, std::string_view what,
                                         std::string_view busy_code, bool (*called_off)() noexcept = nullptr);

    FileLock(FileLock&&) noexcept = default;
    FileLock& operator=(FileLock&&) noexcept = default;
    ~FileLock();

    // Lets go of all locks that this process has, as its end does. For tests in which a killed thread stands for a
    // killed process.
    static void release_all() noexcept;

    // The file's full path; empty if the system does not tell its folder. For tests.
    static std::wstring path_of(std::wstring_view name);

  private:
    explicit FileLock(system::Handle file) noexcept;
    system::Handle file_;
};

}  // namespace lsp::setup
