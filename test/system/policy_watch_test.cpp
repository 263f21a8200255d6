#include "system/policy_watch.hpp"

#include <doctest/doctest.h>

#include "children.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "support.hpp"

using namespace lsp;
using namespace lsp::setup;
using namespace lsp::system;

namespace {

struct Watched {
    Watched() { REQUIRE(delete_policy_store()); }
    ~Watched() { CHECK(delete_policy_store()); }
};

// The system needs a moment to signal what another process did.
bool changed_soon(PolicyWatch& watch) {
    for (int i = 0; i < 100; ++i) {
        if (watch.changed()) return true;
        Sleep(10);
    }
    return false;
}

// Whatever has been signalled so far.
void settle(PolicyWatch& watch) {
    do {
        Sleep(50);
    } while (watch.changed());
}

}  // namespace

TEST_CASE_FIXTURE(Watched, "watch: true the first time, then false while nothing happens") {
    PolicyWatch watch;
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
    CHECK_FALSE(watch.changed());
}

TEST_CASE_FIXTURE(Watched, "watch: the store's creation, writing, deletion and new creation are told") {
    PolicyWatch watch;
    CHECK(watch.changed());
    REQUIRE(create_policy_store());
    CHECK(changed_soon(watch));
    settle(watch);
    REQUIRE(write_tunnel(sample_tunnel("vpn")));
    CHECK(changed_soon(watch));
    settle(watch);
    Tunnel tunnel = sample_tunnel("vpn");
    tunnel.otherwise = Otherwise::refuse;
    REQUIRE(write_tunnel(tunnel));
    CHECK(changed_soon(watch));
    settle(watch);
    REQUIRE(erase_tunnel("vpn"));
    CHECK(changed_soon(watch));
    settle(watch);
    REQUIRE(delete_policy_store());
    CHECK(changed_soon(watch));
    settle(watch);
    REQUIRE(write_tunnel(sample_tunnel("vpn")));
    CHECK(changed_soon(watch));
}

TEST_CASE_FIXTURE(Watched, "watch: what another process writes is told, and readable then") {
    REQUIRE(create_policy_store());
    PolicyWatch watch;
    CHECK(watch.changed());
    Child child(L"child-publish other");
    bool seen = false;
    for (int i = 0; i < 10 && !seen; ++i) {
        if (!changed_soon(watch)) break;
        const auto policy = read_policy();
        REQUIRE(policy);
        seen = policy->tunnels.size() == 1 && policy->tunnels[0].rejected.empty();
    }
    CHECK(seen);
    CHECK(child.wait() == 0);
}

TEST_CASE_FIXTURE(Watched, "watch: a publisher's death is told once") {
    REQUIRE(create_policy_store());
    PolicyWatch watch;
    CHECK(watch.changed());
    Child first(L"child-wait"), second(L"child-wait");
    const Publisher publishers[] = {
        {first.id(), first.started()}, {second.id(), second.started()}, current_process(), {}};
    watch.watch_publishers(publishers);
    CHECK_FALSE(watch.changed());
    first.kill();
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
    second.kill();
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
}

TEST_CASE_FIXTURE(Watched, "watch: a publisher that died before it was watched is told") {
    PolicyWatch watch;
    CHECK(watch.changed());
    Child child(L"child-wait");
    const Publisher publisher{child.id(), child.started()};
    child.kill();
    watch.watch_publishers({&publisher, 1});
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
}

TEST_CASE_FIXTURE(Watched, "watch: a thousand looks cost no handles") {
    REQUIRE(create_policy_store());
    PolicyWatch watch;
    CHECK(watch.changed());
    DWORD before = 0, after = 0;
    GetProcessHandleCount(GetCurrentProcess(), &before);
    for (int i = 0; i < 1000; ++i) {
        if (i % 100 == 0) CHECK(write_tunnel(sample_tunnel("vpn")));
        watch.changed();
    }
    GetProcessHandleCount(GetCurrentProcess(), &after);
    CHECK(after <= before + 2);
}

// What a member of the group can do in a loop, and what it costs everybody else.
TEST_CASE_FIXTURE(Watched, "watch: delegated tunnels are told once a second at most, and make nobody read the rules") {
    REQUIRE(create_policy_store());
    write_raw(L"DelegatedTunnels", nullptr, 0, nullptr, 0);
    PolicyWatch watch;
    const PolicyChange first = watch.changed();
    CHECK(first.rules);
    CHECK(first.tunnels);
    settle(watch);
    unsigned told = 0;
    const DWORD started = GetTickCount();
    Tunnel tunnel = sample_tunnel("loop");
    tunnel.delegated = true;
    while (GetTickCount() - started < 3500) {
        REQUIRE(write_tunnel(tunnel));
        REQUIRE(erase_tunnel("loop", true));
        const PolicyChange change = watch.changed();
        CHECK_FALSE(change.rules);
        if (change.tunnels) ++told;
        Sleep(10);
    }
    CHECK(told >= 2);
    CHECK(told <= 5);
    // An administrator's word is heard at once all the same.
    REQUIRE(write_policy({"to 10.0.0.0/8 keep"}));
    PolicyChange change;
    for (int i = 0; i < 50 && !change.rules; ++i) {
        change = watch.changed();
        Sleep(10);
    }
    CHECK(change.rules);
}
