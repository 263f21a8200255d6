#include "policy_watch.hpp"

#include <algorithm>
#include <utility>

#include "process.hpp"

namespace lsp::system {
namespace {

constexpr DWORD unopened_check_ms = 1000;

}  // namespace

bool PolicyWatch::tunnels_changed(bool store_changed) noexcept {
    // A key that is not there comes into being by a change of the store's own.
    const bool administrators = (store_changed || tunnels_.is_open()) && tunnels_.changed();
    const DWORD now = GetTickCount();
    const bool due = delegated_.is_open() ? now - delegated_told_ >= delegated_interval_ms : store_changed;
    if (!due || !delegated_.changed()) return administrators;
    delegated_told_ = now;
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

PolicyChange PolicyWatch::changed() noexcept {
    const bool first = !std::exchange(told_once_, true);
    const bool store = store_.changed();
    const bool tunnels = tunnels_changed(store);
    const bool publisher = a_publisher_died();
    return {first || store, first || store || tunnels || publisher};
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
