#include "named_mutex.hpp"

#include <string>

#include "security.hpp"
#include "text.hpp"

namespace lsp::system {

Result<NamedMutex> NamedMutex::take(std::wstring_view name, unsigned long patience_ms, std::string_view what,
                                    std::string_view busy_code) {
    SecurityAttributes security(mutex_rights);
    const std::wstring local(name);
    Handle mutex(CreateMutexW(security.get(), FALSE, (L"Global\\" + local).c_str()));
    DWORD error = GetLastError();
    if (!mutex && error == ERROR_ACCESS_DENIED) {
        mutex = Handle(CreateMutexW(security.get(), FALSE, local.c_str()));
        error = GetLastError();
    }
    const std::string attempt = concat({"Cannot take the lock of ", what});
    if (!mutex) return system_error(error, "CreateMutexW", attempt);
    switch (WaitForSingleObject(mutex.get(), patience_ms)) {
        case WAIT_OBJECT_0:
        case WAIT_ABANDONED:  // its owner was killed at work; what it left over is repaired by whoever comes next
            return NamedMutex(std::move(mutex));
        case WAIT_TIMEOUT:
            return own_error(busy_code, concat({"Cannot change ", what, ": another process has been changing it for ",
                                                patience_ms / 1000, " s. Try again when it is done."}));
        default: return system_error(GetLastError(), "WaitForSingleObject", attempt);
    }
}

NamedMutex::~NamedMutex() {
    if (mutex_) ReleaseMutex(mutex_.get());
}

}  // namespace lsp::system
