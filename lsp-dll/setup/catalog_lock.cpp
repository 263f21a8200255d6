#include "catalog_lock.hpp"

#include <atomic>

#include "cancel.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t lock_name[] = L"winsock-lsp-catalog";
constexpr DWORD catalog_patience_ms = 30 * 1000;

std::atomic<DWORD> patience{catalog_patience_ms};

}  // namespace

void CatalogLock::set_patience(unsigned long milliseconds) noexcept {
    patience = milliseconds != 0 ? milliseconds : catalog_patience_ms;
}

Result<CatalogLock> CatalogLock::take() {
    auto lock = FileLock::take(lock_name, patience, "the protocol catalog", "ERR_CATALOG_BUSY", is_cancelled);
    if (!lock) return lock.error();
    return CatalogLock(std::move(*lock));
}

}  // namespace lsp::setup
