// Private to system: a kernel handle with an owner.
#pragma once

#include <windows.h>
#include <winsock2.h>

#include <utility>

namespace lsp::system {

class Handle {
  public:
    Handle() noexcept = default;
    // INVALID_HANDLE_VALUE is taken as none, too.
    explicit Handle(HANDLE handle) noexcept : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
    Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Handle() {
        if (handle_ != nullptr) CloseHandle(handle_);
    }

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    HANDLE get() const noexcept { return handle_; }
    HANDLE release() noexcept { return std::exchange(handle_, nullptr); }  // nobody closes it any more

  private:
    HANDLE handle_ = nullptr;
};

}  // namespace lsp::system
