#include "address_watch.hpp"

#include <winsock2.h>

#include "../../system/platform.hpp"
#include "../../system/system_function.hpp"

namespace lsp::setup {

namespace {

constexpr ULONG interval_told_ms = 10'000;
constexpr ULONG interval_untold_ms = 1000;

using system::SystemFunction;
using system::SystemLibrary;

// The row and the kind of the notification are of no use here.
using Changed = void WINAPI(void*, void*, int);

constinit SystemFunction<DWORD WINAPI(ADDRESS_FAMILY, Changed*, void*, BOOLEAN, HANDLE*)> notify_address_change{
    SystemLibrary::iphlpapi, "NotifyUnicastIpAddressChange"};
constinit SystemFunction<DWORD WINAPI(HANDLE)> cancel_notification{SystemLibrary::iphlpapi, "CancelMibChangeNotify2"};

}  // namespace

void WINAPI AddressWatch::on_change(void* self, void*, int) {
    const auto* const watch = static_cast<AddressWatch*>(self);
    ChangeTimerQueueTimer(nullptr, watch->timer_, 0, interval_told_ms);
}

void CALLBACK AddressWatch::on_timer(void* self, BOOLEAN) {
    auto* const watch = static_cast<AddressWatch*>(self);
    // Timers do not wait for their last call to end: that call looks once more.
    if (watch->pending_.fetch_add(1) != 0) return;
    long seen;
    do {
        seen = watch->pending_.load();
        watch->callback_(watch->context_);
    } while (watch->pending_.fetch_sub(seen) != seen);
}

void AddressWatch::start() noexcept {
    if (timer_ != nullptr) return;
    // Without it the tunnel stays as it was published.
    if (!CreateTimerQueueTimer(&timer_, nullptr, on_timer, this, interval_untold_ms, interval_untold_ms,
                               WT_EXECUTELONGFUNCTION)) {
        timer_ = nullptr;
        return;
    }
    const auto notify = notify_address_change.get();
    if (notify == nullptr || cancel_notification.get() == nullptr || !system::tells_of_address_changes()) return;
    if (notify(AF_UNSPEC, on_change, this, FALSE, &notification_) == NO_ERROR) {
        ChangeTimerQueueTimer(nullptr, timer_, interval_told_ms, interval_told_ms);
    } else {
        notification_ = nullptr;
    }
}

void AddressWatch::stop() noexcept {
    // Each waits for what is under way.
    if (notification_ != nullptr) cancel_notification.get()(notification_);
    notification_ = nullptr;
    if (timer_ != nullptr) DeleteTimerQueueTimer(nullptr, timer_, INVALID_HANDLE_VALUE);
    timer_ = nullptr;
}

}  // namespace lsp::setup
