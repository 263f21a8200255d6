#include "policy_watch.hpp"

#include <algorithm>
#include <utility>

#include "process.hpp"

namespace lsp::system {
namespace {

// Without it (before Windows 8) the system takes the end of the thread that asked for a change of the key: one needless
// reading, no loss.
constexpr DWORD thread_agnostic = 0x10000000;
constexpr DWORD what_to_notify = REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET;
constexpr DWORD unopened_check_ms = 1000;

}  // namespace

PolicyWatch::PolicyWatch() noexcept : event_(CreateEventW(nullptr, FALSE, FALSE, nullptr)) {}

bool PolicyWatch::arm() noexcept {
    // There may have been no memory for it before.
    if (!event_) event_ = Handle(CreateEventW(nullptr, FALSE, FALSE, nullptr));
    if (!event_) return false;
    LONG error = RegNotifyChangeKeyValue(key_.get(), TRUE, what_to_notify | thread_agnostic, event_.get(), TRUE);
    if (error == ERROR_INVALID_PARAMETER || error == ERROR_INVALID_FLAGS) {
        error = RegNotifyChangeKeyValue(key_.get(), TRUE, what_to_notify, event_.get(), TRUE);
    }
    return error == ERROR_SUCCESS;
}

bool PolicyWatch::open() noexcept {
    if (key_.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_NOTIFY) != ERROR_SUCCESS) return false;
    if (event_) ResetEvent(event_.get());
    if (arm()) return true;
    key_.close();
    return false;
}

bool PolicyWatch::store_changed() noexcept {
    if (!key_) return open();
    if (WaitForSingleObject(event_.get(), 0) != WAIT_OBJECT_0) return false;
    // Armed again before the caller reads, so that nothing can fall in between. Where that fails the key was
    // deleted; a new one may be there already.
    if (!arm()) {
        key_.close();
        open();
    }
    return true;
}

bool PolicyWatch::a_publisher_died() noexcept {
    bool died = std::exchange(publisher_died_, false);
    const auto ended = [&died](const Handle& process) {
        const bool is_over = WaitForSingleObject(process.get(), 0) == WAIT_OBJECT_0;
        died = died || is_over;
        return is_over;
    };
    Handle* const alive_end = std::remove_if(processes_, processes_ + process_count_, ended);
    for (Handle* each = alive_end; each != processes_ + process_count_; ++each) Handle(std::move(*each));
    process_count_ = static_cast<std::size_t>(alive_end - processes_);

    if (unopened_count_ == 0 || GetTickCount() - unopened_checked_ < unopened_check_ms) return died;
    unopened_checked_ = GetTickCount();
    Publisher* const end = std::remove_if(unopened_, unopened_ + unopened_count_, [&died](const Publisher& publisher) {
        const bool gone = !is_alive(publisher);
        died = died || gone;
        return gone;
    });
    unopened_count_ = static_cast<std::size_t>(end - unopened_);
    return died;
}

bool PolicyWatch::changed() noexcept {
    const bool first = !std::exchange(told_once_, true);
    const bool store = store_changed();
    const bool publisher = a_publisher_died();
    return first || store || publisher;
}

void PolicyWatch::watch_publishers(std::span<const Publisher> publishers) noexcept {
    while (process_count_ > 0) Handle(std::move(processes_[--process_count_]));
    unopened_count_ = 0;
    publisher_died_ = false;
    unopened_checked_ = GetTickCount();
    for (const Publisher& publisher : publishers.first(std::min(publishers.size(), most_watched))) {
        if (publisher.process_id == 0) continue;
        Handle process;
        switch (find_process(publisher, process)) {
            case ProcessState::running:
            case ProcessState::unknown:
                if (process) {
                    processes_[process_count_++] = std::move(process);
                } else {
                    unopened_[unopened_count_++] = publisher;
                }
                break;
            case ProcessState::gone: publisher_died_ = true; break;
        }
    }
}

}  // namespace lsp::system
