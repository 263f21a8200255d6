// Private to setup: one process at a time changes the catalog.
#pragma once

#include "file_lock.hpp"
#include "setup.hpp"

namespace lsp::setup {

class CatalogLock {
  public:
    // Waits up to half a minute. ERR_CATALOG_BUSY, ERR_ABORTED (cancel.hpp), or the system's error.
    static Result<CatalogLock> take();
    // How long take waits in this process; 0: as at first. For tests.
    static void set_patience(unsigned long milliseconds) noexcept;

  private:
    explicit CatalogLock(FileLock lock) noexcept : lock_(std::move(lock)) {}
    FileLock lock_;
};

}  // namespace lsp::setup
