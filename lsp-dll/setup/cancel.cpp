#include "cancel.hpp"

#include "../system/text.hpp"

namespace lsp::setup {
namespace {

// A slot of Windows' own: thread_local of MinGW's brings a good part of its run time along. Where there is no slot
// left, nothing is ever called off.
const DWORD slot = TlsAlloc();

}  // namespace

CancelScope::CancelScope(const std::atomic<bool>* flag) noexcept : outer_(TlsGetValue(slot)) {
    TlsSetValue(slot, const_cast<std::atomic<bool>*>(flag));
}

CancelScope::~CancelScope() { TlsSetValue(slot, const_cast<void*>(outer_)); }

bool is_cancelled() noexcept {
    // TlsGetValue resets the last error, which callers may still want.
    const DWORD error = GetLastError();
    const auto* const flag = static_cast<const std::atomic<bool>*>(TlsGetValue(slot));
    SetLastError(error);
    return flag != nullptr && flag->load(std::memory_order_relaxed);
}

system::Error cancelled(std::string_view attempt) {
    return system::own_error("ERR_ABORTED", system::concat({attempt, ": it was called off."}));
}

}  // namespace lsp::setup
