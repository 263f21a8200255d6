// Private to setup: one process at a time changes the catalog.
#pragma once

#include "../system/handle.hpp"
#include "setup.hpp"

namespace lsp::setup {

class CatalogLock {
  public:
    // Waits up to half a minute. ERR_CATALOG_BUSY, or the system's error.
    static Result<CatalogLock> take();

    CatalogLock(CatalogLock&&) noexcept = default;
    CatalogLock& operator=(CatalogLock&&) noexcept = default;
    ~CatalogLock();

  private:
    explicit CatalogLock(Handle mutex) noexcept : mutex_(std::move(mutex)) {}
    Handle mutex_;
};

}  // namespace lsp::setup
