#include "catalog_lock.hpp"

#include <atomic>

#include "../system/security.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"

namespace lsp::setup {
namespace {

constexpr wchar_t mutex_name[] = L"Global\\winsock-lsp-catalog";
constexpr wchar_t local_mutex_name[] = L"winsock-lsp-catalog";
constexpr DWORD patience_ms = 30 * 1000;
constexpr DWORD look_around_ms = 100;  // how long calling it off may take

std::atomic<DWORD> patience{patience_ms};

// As WaitForSingleObject with that patience, but WAIT_IO_COMPLETION once the change is called off.
DWORD wait_for(HANDLE mutex) {
    const DWORD started = GetTickCount();
    for (;;) {
        if (is_cancelled()) return WAIT_IO_COMPLETION;
        const DWORD waited = GetTickCount() - started;
        const DWORD left = waited < patience ? patience - waited : 0;
        const DWORD result = WaitForSingleObject(mutex, left < look_around_ms ? left : look_around_ms);
        if (result != WAIT_TIMEOUT || left == 0) return result;
    }
}

}  // namespace

void CatalogLock::set_patience(unsigned long milliseconds) noexcept {
    patience = milliseconds != 0 ? milliseconds : patience_ms;
}

Result<CatalogLock> CatalogLock::take() {
    SecurityAttributes security(mutex_rights);
    Handle mutex(CreateMutexW(security.get(), FALSE, mutex_name));
    DWORD error = GetLastError();
    if (!mutex && error == ERROR_ACCESS_DENIED) {
        mutex = Handle(CreateMutexW(security.get(), FALSE, local_mutex_name));
        error = GetLastError();
    }
    if (!mutex) return system_error(error, "CreateMutexW", "Cannot take the lock of the protocol catalog");
    switch (wait_for(mutex.get())) {
        case WAIT_OBJECT_0:
        case WAIT_ABANDONED:  // its owner was killed at work; what it left over is repaired by whoever comes next
            return CatalogLock(std::move(mutex));
        case WAIT_TIMEOUT:
            return own_error("ERR_CATALOG_BUSY",
                             concat({"Cannot change the protocol catalog: another process has been changing it for ",
                                     patience / 1000, " seconds. Try again when it is done."}));
        case WAIT_IO_COMPLETION: return cancelled("Cannot change the protocol catalog");
        default:
            return system_error(GetLastError(), "WaitForSingleObject", "Cannot take the lock of the protocol catalog");
    }
}

CatalogLock::~CatalogLock() {
    if (mutex_) ReleaseMutex(mutex_.get());
}

}  // namespace lsp::setup
