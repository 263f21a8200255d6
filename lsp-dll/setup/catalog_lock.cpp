#include "catalog_lock.hpp"

#include <atomic>

#include "cancel.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t mutex_name[] = L"winsock-lsp-catalog";
constexpr DWORD catalog_patience_ms = 30 * 1000;

std::atomic<DWORD> patience{catalog_patience_ms};

}  // namespace

void CatalogLock::set_patience(unsigned long milliseconds) noexcept {
    patience = milliseconds != 0 ? milliseconds : catalog_patience_ms;
}

Result<CatalogLock> CatalogLock::take() {
    auto mutex = NamedMutex::take(mutex_name, patience, "the protocol catalog", "ERR_CATALOG_BUSY", is_cancelled);
    if (!mutex) return mutex.error();
    return CatalogLock(std::move(*mutex));
}

}  // namespace lsp::setup
