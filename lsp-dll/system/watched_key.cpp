#include "watched_key.hpp"

namespace lsp::system {
namespace {

// Without it (before Windows 8) the system takes the end of the thread that asked for a change of the key: one needless
// reading, no loss.
constexpr DWORD thread_agnostic = 0x10000000;
constexpr DWORD what_to_notify = REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET;

}  // namespace

bool WatchedKey::arm() noexcept {
    // There may have been no memory for it before.
    if (!event_) event_ = Handle(CreateEventW(nullptr, FALSE, FALSE, nullptr));
    if (!event_) return false;
    LONG error = RegNotifyChangeKeyValue(key_.get(), subtree_, what_to_notify | thread_agnostic, event_.get(), TRUE);
    if (error == ERROR_INVALID_PARAMETER || error == ERROR_INVALID_FLAGS) {
        error = RegNotifyChangeKeyValue(key_.get(), subtree_, what_to_notify, event_.get(), TRUE);
    }
    return error == ERROR_SUCCESS;
}

bool WatchedKey::open() noexcept {
    if (key_.open(HKEY_LOCAL_MACHINE, path_, KEY_NOTIFY) != ERROR_SUCCESS) return false;
    if (event_) ResetEvent(event_.get());
    if (arm()) return true;
    key_.close();
    return false;
}

bool WatchedKey::changed() noexcept {
    if (!key_) return open();
    if (WaitForSingleObject(event_.get(), 0) != WAIT_OBJECT_0) return false;
    // Armed again before the caller reads, so that nothing can fall in between. Where that fails the key was deleted; a
    // new one may be there already.
    if (!arm()) {
        key_.close();
        open();
    }
    return true;
}

}  // namespace lsp::system
