// Tells, in openvpn.exe, that the host's addresses may have changed. The thread is one of the system's pool: that we
// use none of our own is what other people's processes are owed.
#pragma once

#include <windows.h>

#include <atomic>

namespace lsp::setup {

class AddressWatch {
  public:
    using Callback = void (*)(void* context) noexcept;

    // `callback` is called on a thread of the pool, one call at a time.
    AddressWatch(Callback callback, void* context) noexcept : callback_(callback), context_(context) {}
    ~AddressWatch() { stop(); }
    AddressWatch(const AddressWatch&) = delete;
    AddressWatch& operator=(const AddressWatch&) = delete;

    // From now on, at once when the system tells of a change (NotifyUnicastIpAddressChange; Vista), and besides every
    // ten seconds; where it does not tell (before Vista, and Wine, whose function only says that it will), every
    // second. Does nothing if it is running.
    void start() noexcept;
    // When it returns no call is under way, and none will be made. Not from within a call.
    void stop() noexcept;

  private:
    static void WINAPI on_change(void* self, void* row, int kind);
    static void CALLBACK on_timer(void* self, BOOLEAN);

    Callback callback_;
    void* context_;
    HANDLE timer_ = nullptr;
    HANDLE notification_ = nullptr;
    std::atomic<long> pending_{0};
};

}  // namespace lsp::setup
