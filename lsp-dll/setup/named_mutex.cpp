#include "named_mutex.hpp"

#include <string>

#include "../system/text.hpp"
#include "security.hpp"

namespace lsp::setup {

using namespace system;

namespace {

constexpr DWORD look_around_ms = 100;  // how long calling it off may take

// As WaitForSingleObject, but WAIT_IO_COMPLETION once it is called off.
DWORD wait_for(HANDLE mutex, DWORD patience_ms, bool (*called_off)() noexcept) {
    if (called_off == nullptr) return WaitForSingleObject(mutex, patience_ms);
    const DWORD started = GetTickCount();
    for (;;) {
        if (called_off()) return WAIT_IO_COMPLETION;
        const DWORD waited = GetTickCount() - started;
        const DWORD left = waited < patience_ms ? patience_ms - waited : 0;
        const DWORD result = WaitForSingleObject(mutex, left < look_around_ms ? left : look_around_ms);
        if (result != WAIT_TIMEOUT || left == 0) return result;
    }
}

}  // namespace

Result<NamedMutex> NamedMutex::take(std::wstring_view name, unsigned long patience_ms, std::string_view what,
                                    std::string_view busy_code, bool (*called_off)() noexcept) {
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
    switch (wait_for(mutex.get(), patience_ms, called_off)) {
        case WAIT_OBJECT_0:
        case WAIT_ABANDONED:  // its owner was killed at work; what it left over is repaired by whoever comes next
            return NamedMutex(std::move(mutex));
        case WAIT_TIMEOUT:
            return own_error(busy_code, concat({"Cannot change ", what, ": another process has been changing it for ",
                                                patience_ms / 1000, " seconds. Try again when it is done."}));
        case WAIT_IO_COMPLETION:
            return own_error("ERR_ABORTED", concat({"Cannot change ", what, ": it was called off."}));
        default: return system_error(GetLastError(), "WaitForSingleObject", attempt);
    }
}

NamedMutex::~NamedMutex() {
    if (mutex_) ReleaseMutex(mutex_.get());
}

}  // namespace lsp::setup
