#include "policy_cache.hpp"

#include <windows.h>

#include <memory>
#include <vector>

#include "../system/policy_store.hpp"
#include "process.hpp"
#include "route_cache.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD check_interval_ms = 50;

// The rules that were in force last, with the text they came from: what is rejected leaves them in force.
struct LastGood {
    std::vector<Rule> rules;
    std::vector<std::string> lines;
};

struct Snapshot : PolicySnapshot {
    Snapshot* next_retired = nullptr;
};

// Readers count themselves in before they take the pointer. A snapshot that was replaced goes to the retired list;
// whoever sees the count at zero after taking that list may free it: readers that come later can only find the newer
// pointer.
std::atomic<Snapshot*> current{nullptr};
std::atomic<long> readers{0};
std::atomic<Snapshot*> retired{nullptr};

std::atomic<DWORD> last_check{0};
std::atomic<bool> loading{false};

// Made by the first loader, live as long as the process; the loader's only.
system::PolicyWatch* watch = nullptr;
LastGood* last_good = nullptr;

void push_retired(Snapshot* snapshot) noexcept {
    Snapshot* head = retired.load();
    do {
        snapshot->next_retired = head;
    } while (!retired.compare_exchange_weak(head, snapshot));
}

void free_retired() noexcept {
    Snapshot* list = retired.exchange(nullptr);
    const bool unread = list != nullptr && readers.load() == 0;
    while (list != nullptr) {
        Snapshot* const next = list->next_retired;
        if (unread) {
            delete list;
        } else {
            push_retired(list);
        }
        list = next;
    }
}

void publish(Snapshot* snapshot) noexcept {
    Snapshot* const old = current.exchange(snapshot);
    forget_routes();
    if (old != nullptr) push_retired(old);
    free_retired();
}

void load() {
    count(Counter::policy_loads);
    system::Result<system::StoredPolicy> stored = system::read_policy();
    if (!stored) {
        count(Counter::policy_rejections);
        return;  // the last good one stays
    }

    bool rejected = !stored->rejected.empty();
    std::vector<Tunnel> tunnels;
    std::vector<Publisher> publishers;
    for (system::StoredTunnel& entry : stored->tunnels) {
        if (!entry.rejected.empty()) {
            rejected = true;
            continue;
        }
        if (!entry.alive) continue;
        publishers.push_back(entry.tunnel.publisher);
        tunnels.push_back(std::move(entry.tunnel));
    }
    if (rejected) count(Counter::policy_rejections);
    watch->watch_publishers(publishers);

    // Rejected rules leave the last good ones in force; what the tunnels say is separate and still counts.
    if (last_good == nullptr) last_good = new LastGood;
    if (stored->rejected.empty()) *last_good = {std::move(stored->rules), std::move(stored->lines)};

    auto snapshot = std::make_unique<Snapshot>();
    snapshot->policy = build_policy(last_good->rules, tunnels);
    snapshot->index = PolicyIndex(snapshot->policy, process_path());
    snapshot->stamp = policy_stamp(last_good->lines, tunnels);
    // Rules for other programs only are none: sockets stay untouched, routes are not asked for.
    publish(snapshot->index.empty() ? nullptr : snapshot.release());
}

}  // namespace

namespace {

void refresh_policy(DWORD now) noexcept {
    const DWORD last = last_check.load(std::memory_order_relaxed);
    if (last != 0 && now - last < check_interval_ms) return;
    if (loading.exchange(true, std::memory_order_acquire)) return;  // somebody is at it; go on with what there is
    try {
        if (watch == nullptr) watch = new system::PolicyWatch;
        if (watch->changed()) load();
    } catch (...) {
        // Out of memory: the last good policy stays.
    }
    last_check.store(now == 0 ? 1 : now, std::memory_order_relaxed);
    loading.store(false, std::memory_order_release);
}

}  // namespace

void refresh_policy() noexcept { refresh_policy(GetTickCount()); }

bool policy_active() noexcept {
    refresh_policy();
    return current.load(std::memory_order_relaxed) != nullptr;
}

PolicyReader::PolicyReader(std::uint32_t now) noexcept {
    refresh_policy(now);
    if (current.load(std::memory_order_relaxed) == nullptr) {
        snapshot_ = nullptr;
        return;
    }
    readers.fetch_add(1);
    snapshot_ = current.load();
    if (snapshot_ == nullptr) readers.fetch_sub(1);
}

PolicyReader::~PolicyReader() {
    if (snapshot_ == nullptr) return;
    if (readers.fetch_sub(1) == 1 && retired.load(std::memory_order_relaxed) != nullptr) free_retired();
}

}  // namespace lsp::provider
