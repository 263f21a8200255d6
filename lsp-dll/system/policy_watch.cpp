#include <windows.h>
#include <winsock2.h>

#include <utility>

#include "handle.hpp"
#include "policy_store.hpp"
#include "process.hpp"
#include "registry.hpp"

namespace lsp::system {
namespace {

// Without it (before Windows 8) the system takes the end of the thread that asked for a change of the key: one needless
// reading, no loss.
constexpr DWORD thread_agnostic = 0x10000000;
constexpr DWORD what_to_notify = REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET;
constexpr DWORD unopened_check_ms = 1000;

}  // namespace

struct PolicyWatch::State {
    Handle event{CreateEventW(nullptr, FALSE, FALSE, nullptr)};
    RegistryKey key;
    bool told_once = false;
    bool publisher_died = false;
    std::vector<Handle> processes;
    std::vector<Publisher> unopened;  // their processes may not be opened: looked for in the list, now and then
    DWORD unopened_checked = 0;

    bool arm() noexcept {
        if (!event) return false;
        LONG error = RegNotifyChangeKeyValue(key.get(), TRUE, what_to_notify | thread_agnostic, event.get(), TRUE);
        if (error == ERROR_INVALID_PARAMETER || error == ERROR_INVALID_FLAGS) {
            error = RegNotifyChangeKeyValue(key.get(), TRUE, what_to_notify, event.get(), TRUE);
        }
        return error == ERROR_SUCCESS;
    }

    bool open() noexcept {
        if (key.open(HKEY_LOCAL_MACHINE, policy_store_key, KEY_NOTIFY) != ERROR_SUCCESS) return false;
        if (event) ResetEvent(event.get());
        if (arm()) return true;
        key.close();
        return false;
    }

    bool store_changed() noexcept {
        if (!key) return open();
        if (WaitForSingleObject(event.get(), 0) != WAIT_OBJECT_0) return false;
        // Armed again before the caller reads, so that nothing can fall in between. Where that fails the key was
        // deleted; a new one may be there already.
        if (!arm()) {
            key.close();
            open();
        }
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

bool PolicyWatch::changed() {
    const bool first = !std::exchange(state_->told_once, true);
    const bool store = state_->store_changed();
    const bool publisher = state_->a_publisher_died();
    return first || store || publisher;
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
