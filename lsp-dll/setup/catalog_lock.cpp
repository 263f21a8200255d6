#include "catalog_lock.hpp"

#include "../system/security.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t mutex_name[] = L"Global\\winsock-lsp-catalog";
constexpr wchar_t local_mutex_name[] = L"winsock-lsp-catalog";
constexpr DWORD patience_ms = 30 * 1000;

}  // namespace

Result<CatalogLock> CatalogLock::take() {
    SecurityAttributes security(mutex_rights);
    Handle mutex(CreateMutexW(security.get(), FALSE, mutex_name));
    DWORD error = GetLastError();
    if (!mutex && error == ERROR_ACCESS_DENIED) {
        mutex = Handle(CreateMutexW(security.get(), FALSE, local_mutex_name));
        error = GetLastError();
    }
    if (!mutex) return system_error(error, "CreateMutexW", "Cannot take the lock of the protocol catalog");
    switch (WaitForSingleObject(mutex.get(), patience_ms)) {
        case WAIT_OBJECT_0:
        case WAIT_ABANDONED:  // its owner was killed at work; what it left over is repaired by whoever comes next
            return CatalogLock(std::move(mutex));
        case WAIT_TIMEOUT:
            return own_error("ERR_CATALOG_BUSY",
                             "Cannot change the protocol catalog: another process has been changing it for half a "
                             "minute. Try again when it is done.");
        default:
            return system_error(GetLastError(), "WaitForSingleObject", "Cannot take the lock of the protocol catalog");
    }
}

CatalogLock::~CatalogLock() {
    if (mutex_) ReleaseMutex(mutex_.get());
}

}  // namespace lsp::setup
