#include "policy_cache.hpp"

#include <windows.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "../system/interface_names.hpp"
#include "../system/own_token.hpp"
#include "../system/policy_store.hpp"
#include "network_changes.hpp"
#include "process.hpp"
#include "route_cache.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD check_interval_ms = 50;
constexpr DWORD retry_interval_ms = 1000;

// What is in force, for the loader to make a snapshot of. Rules that are rejected leave the last good ones here.
struct InForce {
    std::vector<Rule> rules;
    std::vector<std::string> lines;  // the text that they came from
    std::vector<Tunnel> tunnels;
    bool delegated = false;           // there are tunnels that the host's addresses bear out, or do not
    bool follows = false;             // something in it depends on the host's addresses,
    std::uint32_t resolved_at = 0;    // which were read then (GetTickCount),
    std::uint32_t resolved_with = 0;  // after so many changes
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
InForce* in_force = nullptr;
// What changed could not be read, by a thread that impersonates somebody without the right, say: another will try.
bool read_failed = false;

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

void make_snapshot() {
    auto snapshot = std::make_unique<Snapshot>();
    snapshot->policy = build_policy(in_force->rules, in_force->tunnels);
    snapshot->index = PolicyIndex(snapshot->policy, process_path());
    snapshot->stamp = policy_stamp(in_force->lines, in_force->tunnels);
    // Rules for other programs only are none: sockets stay untouched, routes are not asked for.
    publish(snapshot->index.empty() ? nullptr : snapshot.release());
}

// Before the addresses are read, so that a change in between is not missed.
void note_resolving(std::uint32_t now) noexcept {
    in_force->resolved_at = now;
    in_force->resolved_with = address_changes();
}

void follow_network() noexcept {
    in_force->follows = in_force->delegated || system::follow_interfaces(in_force->rules);
    // What was read before the system was asked to tell may be old already: it is read again at the next check.
    if (in_force->follows && watch_network()) --in_force->resolved_with;
}

bool resolve_again() { return in_force->follows && system::resolve_interfaces(in_force->rules); }

// Without `rules` those stay as they are, and only what is said of tunnels is read.
void load(std::uint32_t now, bool rules) {
    count(Counter::policy_loads);
    note_resolving(now);
    system::Result<system::StoredPolicy> stored =
        system::read_policy(rules ? system::PolicyPart::all : system::PolicyPart::tunnels);
    if (!stored) {
        count(Counter::policy_rejections);
        return;  // the last good one stays
    }
    const bool rejected = !stored->rejected.empty() ||
                          std::any_of(stored->tunnels.begin(), stored->tunnels.end(),
                                      [](const system::StoredTunnel& entry) { return !entry.rejected.empty(); });
    if (rejected) count(Counter::policy_rejections);
    std::vector<Tunnel> tunnels = system::tunnels_in_force(stored->tunnels);
    in_force->delegated = std::any_of(stored->tunnels.begin(), stored->tunnels.end(),
                                      [](const system::StoredTunnel& entry) { return entry.tunnel.delegated; });
    if (!rules && !resolve_again() && tunnels == in_force->tunnels) {
        follow_network();
        read_failed = false;
        return;  // what changed is in nobody's force
    }
    in_force->tunnels = std::move(tunnels);
    watch->watch_publishers(in_force->tunnels);

    // Rejected rules leave the last good ones in force; what the tunnels say is separate and still counts.
    if (rules && stored->rejected.empty()) {
        in_force->rules = std::move(stored->rules);
        in_force->lines = std::move(stored->lines);
    }
    follow_network();
    make_snapshot();
    read_failed = false;
}

// An interface that a rule names may have another address now, or another index, or have come or gone.
void follow_addresses(std::uint32_t now) {
    if (!in_force->follows) return;
    if (address_changes() == in_force->resolved_with && now - in_force->resolved_at < address_lifetime_ms()) return;
    if (in_force->delegated) return load(now, false);
    note_resolving(now);
    if (system::resolve_interfaces(in_force->rules)) make_snapshot();
}

void refresh_policy(DWORD now) noexcept {
    const DWORD last = last_check.load(std::memory_order_relaxed);
    if (last != 0 && now - last < check_interval_ms) return;
    if (loading.exchange(true, std::memory_order_acquire)) return;  // somebody is at it; go on with what there is
    // The policy is the machine's, whomever the program's thread stands for just now.
    const system::OwnToken own;
    try {
        if (in_force == nullptr) in_force = new InForce;
        if (watch == nullptr) watch = new system::PolicyWatch;
        const system::PolicyChange change = watch->changed();
        if (change || (read_failed && now - in_force->resolved_at >= retry_interval_ms)) {
            const bool rules = change.rules || read_failed;
            read_failed = true;
            load(now, rules);
        } else {
            follow_addresses(now);
        }
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
