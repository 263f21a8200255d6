#include <windows.h>
#include <winsock2.h>

#include <utility>

#include "handle.hpp"
#include "policy_store_keys.hpp"
#include "process.hpp"
#include "watched_key.hpp"

namespace lsp::system {
namespace {

constexpr DWORD unopened_check_ms = 1000;
// Of what people write who are no administrators, not more than one change in so long is told: each costs every process
// a reading.
constexpr DWORD delegated_interval_ms = 1000;

}  // namespace

struct PolicyWatch::State {
    // One each, so that what members of the group do makes nobody read the administrator's rules again.
    WatchedKey store{policy_store_key, false};
    WatchedKey tunnels{tunnels_path, true};
    WatchedKey delegated{delegated_tunnels_path, true};
    DWORD delegated_told = GetTickCount() - delegated_interval_ms;
    bool told_once = false;
    bool publisher_died = false;
    std::vector<Handle> processes;
    std::vector<Publisher> unopened;  // their processes may not be opened: looked for in the list, now and then
    DWORD unopened_checked = 0;

    bool tunnels_changed(bool store_changed) {
        // A key that is not there comes into being by a change of the store's own.
        const bool administrators = (store_changed || tunnels.is_open()) && tunnels.changed();
        const DWORD now = GetTickCount();
        const bool due = delegated.is_open() ? now - delegated_told >= delegated_interval_ms : store_changed;
        if (!due || !delegated.changed()) return administrators;
        delegated_told = now;
        return true;
    }

    bool a_publisher_died() {
        bool died = std::exchange(publisher_died, false);
        std::erase_if(processes, [&died](const Handle& process) {
            const bool ended = WaitForSingleObject(process.get(), 0) == WAIT_OBJECT_0;
            died = died || ended;
            return ended;
        });
        if (!unopened.empty() && GetTickCount() - unopened_checked >= unopened_check_ms) {
            unopened_checked = GetTickCount();
            std::erase_if(unopened, [&died](const Publisher& publisher) {
                const bool gone = !is_alive(publisher);
                died = died || gone;
                return gone;
            });
        }
        return died;
    }
};

PolicyWatch::PolicyWatch() : state_(std::make_unique<State>()) {}
PolicyWatch::~PolicyWatch() = default;

PolicyChange PolicyWatch::changed() {
    const bool first = !std::exchange(state_->told_once, true);
    const bool store = state_->store.changed();
    const bool tunnels = state_->tunnels_changed(store);
    const bool publisher = state_->a_publisher_died();
    return {first || store, first || store || tunnels || publisher};
}

void PolicyWatch::watch_publishers(const std::vector<Tunnel>& tunnels) {
    state_->processes.clear();
    state_->unopened.clear();
    state_->publisher_died = false;
    state_->unopened_checked = GetTickCount();
    for (const Tunnel& tunnel : tunnels) {
        const Publisher& publisher = tunnel.publisher;
        if (publisher.process_id == 0) continue;
        Handle process;
        switch (find_process(publisher, process)) {
            case ProcessState::running:
            case ProcessState::unknown:
                if (process) {
                    state_->processes.push_back(std::move(process));
                } else {
                    state_->unopened.push_back(publisher);
                }
                break;
            case ProcessState::gone: state_->publisher_died = true; break;
        }
    }
}

}  // namespace lsp::system
