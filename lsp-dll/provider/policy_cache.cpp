#include "policy_cache.hpp"

#include <windows.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "../system/interface_names.hpp"
#include "../system/own_token.hpp"
#include "../system/pages.hpp"
#include "../system/policy_watch.hpp"
#include "../system/store_reader.hpp"
#include "generation.hpp"
#include "inlining.hpp"
#include "network_changes.hpp"
#include "policy_memory.hpp"
#include "process.hpp"
#include "stripes.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

namespace {

constexpr DWORD retry_interval_ms = 1000;

// At the beginning of the pages that it lives in.
struct Snapshot : PolicySnapshot {
    Snapshot* next_retired = nullptr;
};

// Why nobody reads a freed snapshot. A reader counts itself in (its thread's stripe) before it takes the pointer, and
// out when it is done with what it points to. A snapshot is retired after `current` has ceased to point to it; whoever
// frees takes the whole retired list, then looks at each stripe once, and frees if every one was zero when he looked.
// All of that is sequentially consistent, so it stands in one order. A reader that has the pointer of a snapshot in the
// list took it before it was replaced, so it counted itself in before that, and so before its stripe was looked at:
// that was zero, so the reader had counted itself out by then, and reads no more. Readers that come later find the
// newer pointer. The stripes need not be zero at the same moment, for none that matters can count itself in again.
std::atomic<Snapshot*> current{nullptr};
struct alignas(cache_line) ReaderCount {
    std::atomic<long> readers{0};
};
ReaderCount reader_counts[stripe_count];
std::atomic<Snapshot*> retired{nullptr};

std::atomic<bool> deciding{false};
std::atomic<bool> enforcing{false};
std::atomic<bool> leads{false};
std::atomic<bool> checks{false};
std::atomic<bool> judging_entries{false};
std::atomic<bool> loading{false};

// The loader's only. `current` is the one in force, or null where that has nothing to decide for this process; rules
// that are rejected leave the last good ones here.
Snapshot* in_force = nullptr;
bool delegated = false;           // there are tunnels that the host's addresses bear out, or do not
bool follows = false;             // something in force depends on the host's addresses,
std::uint32_t resolved_at = 0;    // which were read then (GetTickCount),
std::uint32_t resolved_with = 0;  // after so many changes

// Made by the first loader, lives as long as the process.
alignas(system::PolicyWatch) unsigned char watch_place[sizeof(system::PolicyWatch)];
system::PolicyWatch* watch = nullptr;

// What changed could not be loaded, because memory is out, say: it is tried again.
bool read_failed = false;

void push_retired(Snapshot* snapshot) noexcept {
    Snapshot* head = retired.load();
    do {
        snapshot->next_retired = head;
    } while (!retired.compare_exchange_weak(head, snapshot));
}

void free_retired() noexcept {
    Snapshot* list = retired.exchange(nullptr);
    const bool unread = list != nullptr && std::all_of(std::begin(reader_counts), std::end(reader_counts),
                                                       [](const ReaderCount& each) { return each.readers == 0; });
    while (list != nullptr) {
        Snapshot* const next = list->next_retired;
        if (unread) {
            system::free_pages(list);
        } else {
            push_retired(list);
        }
        list = next;
    }
}

void publish(Snapshot* snapshot) noexcept {
    Snapshot* const old = std::exchange(in_force, snapshot);
    // Rules for other programs only are none: sockets stay untouched, routes are not asked for.
    const bool decides = snapshot != nullptr && !snapshot->index.empty();
    enforcing.store(decides && snapshot->index.enforces());
    // Connections that are led already outlive the rule.
    if (decides && snapshot->index.leads()) leads.store(true);
    const bool judges = snapshot != nullptr && !snapshot->incoming.empty();
    Snapshot* const replaced = current.exchange(decides || judges ? snapshot : nullptr);
    deciding.store(decides);
    judging_entries.store(judges);
    checks.store(judges || (decides && snapshot->index.checks()));
    next_generation();
    if (replaced != nullptr) push_retired(replaced);
    if (old != nullptr && old != replaced) system::free_pages(old);  // no reader has ever seen it
    free_retired();
}

bool is_no_memory(std::uint32_t error) noexcept {
    return error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_OUTOFMEMORY || error == ERROR_COMMITMENT_LIMIT;
}

// A snapshot in the making. Nothing is in force until `finish`, and nothing of it stays if that fails.
class NewSnapshot {
  public:
    // The pages for rules of that bound and so many tunnels. False if they are not to be had.
    NewSnapshot(const RulesBound& bound, std::size_t tunnels) noexcept
        : pages_(Arena::rounded(sizeof(Snapshot)) + loaded_bytes(bound, tunnels)) {
        if (void* const place = pages_.committed() ? pages_.arena().allocate(sizeof(Snapshot)) : nullptr) {
            snapshot_ = ::new (place) Snapshot;
        }
    }

    explicit operator bool() const noexcept { return snapshot_ != nullptr; }
    Snapshot& operator*() noexcept { return *snapshot_; }
    Arena& arena() noexcept { return pages_.arena(); }

    // Resolves the names of interfaces, which `scratch` is for, makes the index and publishes. False if memory was too
    // little at any step: then the last good policy stays. With `only_if_changed`, not if every name is what it was.
    bool finish(Arena& scratch, bool only_if_changed = false) noexcept {
        std::uint32_t error = 0;
        bool changed = false;
        {
            const Serving serving(scratch);
            changed =
                system::resolve_interfaces({snapshot_->policy.rules.data(), snapshot_->policy.rules.size()}, error);
        }
        if (is_no_memory(error)) return false;
        if (only_if_changed && !changed) return true;
        {
            const Serving serving(arena());
            load_index(process_path(), *snapshot_);
        }
        if (arena().exhausted() || scratch.exhausted()) return false;
        publish(static_cast<Snapshot*>(pages_.keep_used()));
        return true;
    }

  private:
    ArenaPages pages_;
    Snapshot* snapshot_ = nullptr;  // at their beginning; it goes with them, without a destructor
};

// Before the addresses are read, so that a change in between is not missed.
void note_resolving(std::uint32_t now) noexcept {
    resolved_at = now;
    resolved_with = address_changes();
}

// What was read of the store.
struct StoreValues {
    system::StoredPolicyValue policy;
    Vector<system::TunnelEntry> tunnels;
    String line;
    std::size_t in_force = 0;  // of the tunnels
};

// False if the system had no memory or no answer. `line` gets room for the longest line. Without `rules` the value with
// the administrator's is not read.
bool read_values(system::StoreReader& reader, const system::StoreSize& size, bool rules, StoreValues& values) noexcept {
    values.tunnels.reserve(size.tunnels);
    if (rules && reader.read_policy_value(values.policy) != ERROR_SUCCESS) return false;
    if (reader.read_tunnels(values.tunnels) != ERROR_SUCCESS) return false;
    values.line.reserve(bound_rules(values.policy.stored()).longest_line);
    for (const system::TunnelEntry& entry : values.tunnels) {
        // A tunnel is not to vanish because memory is out.
        if (entry.rejected != system::TunnelRejection::none && is_no_memory(entry.number)) return false;
        if (is_in_force(entry)) ++values.in_force;
    }
    return true;
}

// But for what the system makes of names of interfaces.
bool is_same(const LoadedPolicy& a, const LoadedPolicy& b) noexcept {
    return a.stamp == b.stamp && a.policy.rules == b.policy.rules && a.policy.own_subnets == b.policy.own_subnets;
}

// With `only_if_changed` nothing is published if the same is in force already: what changed is in nobody's force.
bool load_tunnels(const StoreValues& values, NewSnapshot& made, Arena& scratch, bool only_if_changed = false) noexcept {
    {
        const Serving serving(made.arena());
        for (const system::TunnelEntry& entry : values.tunnels) {
            if (is_in_force(entry)) load_tunnel(entry.tunnel, *made);
        }
    }
    if (made.arena().exhausted()) return false;
    const bool same = only_if_changed && in_force != nullptr && is_same(*made, *in_force);
    return made.finish(scratch, same);
}

// The rules of the store. Where they are rejected `rejected` is set, and nothing has changed.
bool load_new_rules(StoreValues& values, Arena& scratch, bool& rejected) noexcept {
    const StoredBytes stored = values.policy.stored();
    const RulesBound bound = values.policy.exists ? bound_rules(stored) : RulesBound{};
    if (bound.lines == 0 && values.in_force == 0) {
        // Nothing is in force, unless what is there is no policy.
        std::size_t units = 0;
        rejected = values.policy.exists && find_value_fault(StoredValue::policy, stored, units);
        if (!rejected) publish(nullptr);
        return !rejected;
    }
    NewSnapshot made(bound, values.in_force);
    if (!made) return false;
    if (values.policy.exists) {
        const Serving serving(made.arena());
        Fault fault;
        rejected = !load_rules(stored, bound, values.in_force, values.line, *made, fault);
        if (rejected) return false;
    } else {
        const Serving serving(made.arena());
        begin_rules({}, values.in_force, *made);
    }
    return load_tunnels(values, made, scratch);
}

// Rules that are rejected, or not read again, leave the last good ones in force; what the tunnels say is separate and
// still counts.
bool load_last_good_rules(const StoreValues& values, Arena& scratch, bool only_if_changed) noexcept {
    if (values.in_force == 0 && (in_force == nullptr || in_force->own_rules == 0)) {
        if (in_force != nullptr) publish(nullptr);
        return true;
    }
    NewSnapshot made(in_force != nullptr ? in_force->own_bound : RulesBound{}, values.in_force);
    if (!made) return false;
    {
        const Serving serving(made.arena());
        if (in_force != nullptr) {
            take_rules(*in_force, values.in_force, *made);
        } else {
            begin_rules({}, values.in_force, *made);
        }
    }
    return load_tunnels(values, made, scratch, only_if_changed);
}

std::size_t rules_in_force() noexcept { return in_force == nullptr ? 0 : in_force->policy.rules.size(); }

// Of the administrator's rules in force, a line that a newer version wrote: what is not heeded of it is at least
// counted.
bool has_unknown_lines() noexcept {
    if (in_force == nullptr) return false;
    const Rule* const first = in_force->policy.rules.begin();
    return std::any_of(first, first + in_force->own_rules,
                       [](const Rule& rule) { return rule.unknown != Unknown::nothing; });
}

void watch_tunnels(const StoreValues& values) noexcept {
    Publisher publishers[system::PolicyWatch::most_watched];
    std::size_t count = 0;
    for (const system::TunnelEntry& entry : values.tunnels) {
        if (is_in_force(entry) && count < std::size(publishers)) publishers[count++] = entry.tunnel.publisher;
    }
    watch->watch_publishers({publishers, count});
}

bool load_store(bool rules) noexcept {
    system::StoreReader reader;
    system::StoreSize size;
    LONG error = reader.open();
    if (error == ERROR_FILE_NOT_FOUND) {
        delegated = false;
        follows = false;
        watch->watch_publishers({});
        publish(nullptr);
        return true;
    }
    if (error == ERROR_SUCCESS) error = reader.measure(size);
    if (error != ERROR_SUCCESS) return false;

    if (!rules) size.policy = 0;

    // A rule of the store is at least "keep" and a zero.
    const std::size_t most_rules = size.policy / 10 + 2 * size.tunnels + rules_in_force();
    const bool reads = size.policy + size.tunnels != 0;
    ArenaPages scratch(reads ? system::reading_bytes(size) + system::resolving_bytes(most_rules) + 2 * memory::alignment
                             : system::resolving_bytes(most_rules));
    // RegQueryValueExW may look at the character before a value of one byte (Wine's does). There is to be one.
    if (reads) scratch.arena().allocate(memory::alignment);
    StoreValues values;
    {
        const Serving serving(scratch.arena());
        if (!read_values(reader, size, rules, values) || scratch.arena().exhausted()) return false;
    }
    bool rejected = values.policy.too_long;
    bool loaded = rules && !rejected && load_new_rules(values, scratch.arena(), rejected);
    if (!rules || rejected) loaded = load_last_good_rules(values, scratch.arena(), !rules);
    for (const system::TunnelEntry& entry : values.tunnels) {
        if (entry.rejected != system::TunnelRejection::none) rejected = true;
    }
    if (!loaded) return false;
    if (rejected || (rules && has_unknown_lines())) count(Counter::policy_rejections);
    watch_tunnels(values);
    delegated = std::any_of(values.tunnels.begin(), values.tunnels.end(),
                            [](const system::TunnelEntry& entry) { return entry.tunnel.delegated; });
    follows = delegated ||
              (in_force != nullptr && system::follow_interfaces({in_force->policy.rules.data(), rules_in_force()}));
    // What was read before the system was asked to tell may be old already: it is read again at the next check.
    if (follows && watch_network()) --resolved_with;
    return true;
}

// False where the store could not be read, or memory was too little: then the last good policy stays. Without `rules`
// the administrator's stay as they are, and only what is said of tunnels is read.
bool load(std::uint32_t now, bool rules) noexcept {
    count(Counter::policy_loads);
    note_resolving(now);
    if (load_store(rules)) return true;
    count(Counter::policy_rejections);
    return false;
}

// An interface that a rule names may have another address now, or another index, or have come or gone.
bool follow_addresses(std::uint32_t now) noexcept {
    if (!follows) return true;
    if (address_changes() == resolved_with && now - resolved_at < address_lifetime_ms()) return true;
    if (delegated) return load(now, false);
    note_resolving(now);
    if (in_force == nullptr) return true;
    ArenaPages scratch(system::resolving_bytes(rules_in_force()));
    NewSnapshot made(in_force->own_bound, in_force->tunnels);
    if (!scratch.committed() || !made) return true;  // another time
    {
        const Serving serving(made.arena());
        copy_loaded(*in_force, *made);
    }
    if (!made.arena().exhausted()) made.finish(scratch.arena(), true);
    return true;
}

}  // namespace

LSP_APART void look_for_changes(std::uint32_t now) noexcept {
    if (loading.exchange(true, std::memory_order_acquire)) return;  // somebody is at it; go on with what there is
    // The policy is the machine's, whomever the program's thread stands for just now.
    const system::OwnToken own;
    if (watch == nullptr) watch = ::new (watch_place) system::PolicyWatch;
    const system::PolicyChange change = watch->changed();
    if (change || (read_failed && now - resolved_at >= retry_interval_ms)) {
        read_failed = !load(now, change.rules || read_failed);
    } else if (!follow_addresses(now)) {
        read_failed = true;
    }
    last_look.store(now == 0 ? 1 : now, std::memory_order_relaxed);
    // While some rule can refuse it is always time.
    const std::uint32_t ticks = system::coarse_ticks();
    next_look.store(enforcing.load() ? ticks - 1 : ticks + system::coarse_ticks_of(look_interval_ms),
                    std::memory_order_relaxed);
    loading.store(false, std::memory_order_release);
    carry_counts();
}

std::atomic<std::uint32_t> last_look{0};
std::atomic<std::uint32_t> next_look{0};

bool policy_active() noexcept {
    refresh_policy();
    return policy_decides();
}

bool policy_decides() noexcept { return deciding.load(std::memory_order_relaxed); }

bool policy_judges_entries() noexcept { return judging_entries.load(std::memory_order_relaxed); }

bool policy_checks() noexcept { return checks.load(std::memory_order_relaxed); }
bool policy_leads() noexcept { return leads.load(std::memory_order_relaxed); }
bool policy_enforces() noexcept { return enforcing.load(std::memory_order_relaxed); }

PolicyReader::PolicyReader() noexcept : stripe_(stripe_of(current_thread())) {
    reader_counts[stripe_].readers.fetch_add(1);
    snapshot_ = current.load();
}

PolicyReader::~PolicyReader() {
    if (reader_counts[stripe_].readers.fetch_sub(1) == 1 && retired.load(std::memory_order_relaxed) != nullptr)
        free_retired();
}

}  // namespace lsp::provider
