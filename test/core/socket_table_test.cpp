#include "core/socket_table.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using namespace lsp;

namespace {

std::atomic<int> leaves{0};

// A table keeps its leaves as long as the process lives; held here, so that the leak check does not mind.
std::vector<std::unique_ptr<char[]>> held;
std::mutex held_lock;

void* allocate(std::size_t bytes) {
    ++leaves;
    const std::lock_guard lock(held_lock);
    return held.emplace_back(new char[bytes]()).get();
}
void release(void*, std::size_t) { --leaves; }
void* out_of_memory(std::size_t) { return nullptr; }

constexpr TableMemory table_memory{allocate, release};
constexpr TableMemory no_memory{out_of_memory, release};

SocketState state(SocketKind kind) {
    SocketState result;
    result.kind = kind;
    result.type = SocketType::datagram;
    result.family = Family::ipv6;
    return result;
}

}  // namespace

TEST_SUITE_BEGIN("socket table");

TEST_CASE("a state comes back as it was set, and other handles know nothing of it") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    for (const SocketKind kind :
         {SocketKind::unbound, SocketKind::deferred, SocketKind::wildcard, SocketKind::explicit_, SocketKind::ours}) {
        SocketState full = state(kind);
        full.interface_chosen = true;
        full.pinned = true;
        CHECK(table->set(0x1234, full));
        CHECK(table->get(0x1234) == full);
        CHECK(table->get(0x1230) == SocketState{});
        CHECK(table->get(0x1238) == SocketState{});
    }
    table->forget(0x1234);
    CHECK(table->get(0x1234) == SocketState{});
}

TEST_CASE("a handle that is no kernel handle is not tracked, and looking at one allocates nothing") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    const int before = leaves;
    for (const std::uintptr_t handle : {std::uintptr_t{0x1235}, std::uintptr_t{1} << 27, ~std::uintptr_t{0}}) {
        CHECK(!table->set(handle, state(SocketKind::ours)));
        CHECK(table->get(handle) == SocketState{});
        table->forget(handle);
    }
    CHECK(table->get(0x40000) == SocketState{});
    table->forget(0x40000);
    CHECK(leaves == before);
}

TEST_CASE("without memory a socket is not tracked, and that is all") {
    const auto table = std::make_unique<SocketTable>();
    CHECK(!table->set(4, state(SocketKind::ours)));
    table->use_memory(no_memory);
    CHECK(!table->set(4, state(SocketKind::ours)));
    CHECK(table->get(4) == SocketState{});
}

TEST_CASE("an exchange happens only from the expected state") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    REQUIRE(table->set(8, state(SocketKind::deferred)));
    SocketState expected = state(SocketKind::unbound);
    CHECK(!table->exchange(8, expected, state(SocketKind::ours)));
    CHECK(expected == state(SocketKind::deferred));
    CHECK(table->exchange(8, expected, state(SocketKind::ours)));
    CHECK(table->get(8) == state(SocketKind::ours));
}

TEST_CASE("a hundred thousand sockets at once") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    for (std::uintptr_t i = 1; i <= 100000; ++i) {
        REQUIRE(table->set(i * 4, state(i % 2 == 0 ? SocketKind::ours : SocketKind::wildcard)));
    }
    for (std::uintptr_t i = 1; i <= 100000; ++i) {
        REQUIRE(table->get(i * 4).kind == (i % 2 == 0 ? SocketKind::ours : SocketKind::wildcard));
    }
}

TEST_CASE("of many threads that settle the same socket one wins each time") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    constexpr int rounds = 2000;
    constexpr int threads = 4;
    std::atomic<int> wins{0};
    std::atomic<int> ready{0};
    for (std::uintptr_t i = 1; i <= rounds; ++i) REQUIRE(table->set(i * 4, state(SocketKind::deferred)));
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&] {
            ++ready;
            while (ready < threads) std::this_thread::yield();
            for (std::uintptr_t i = 1; i <= rounds; ++i) {
                SocketState expected = state(SocketKind::deferred);
                if (table->exchange(i * 4, expected, state(SocketKind::ours))) ++wins;
                // Leaves that come into being at the same moment.
                table->set((i + 1000000) * 4, state(SocketKind::unbound));
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(wins == rounds);
}

TEST_CASE("every state fits into the word and comes back") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    for (unsigned bits = 0; bits < 6 * 4 * 3 * 8; ++bits) {
        constexpr Family families[] = {Family::none, Family::ipv4, Family::ipv6};
        SocketState each;
        each.kind = static_cast<SocketKind>(bits / 8 % 6);
        each.type = static_cast<SocketType>(bits / 48 % 4);
        each.family = families[bits / 192];
        each.interface_chosen = (bits & 1U) != 0;
        each.pinned = (bits & 2U) != 0;
        each.connected = (bits & 4U) != 0;
        REQUIRE(table->set(0x100, each));
        CHECK(table->get(0x100) == each);
    }
}

TEST_CASE("the first and the last handle of the table are tracked, the next is not") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    constexpr std::uintptr_t end =
        std::uintptr_t{HandleTable<std::uint16_t>::leaf_count} * HandleTable<std::uint16_t>::handles_per_leaf * 4;
    const int before = leaves;
    CHECK(table->set(4, state(SocketKind::ours)));
    CHECK(table->set(end - 4, state(SocketKind::deferred)));
    CHECK(leaves == before + 3);  // with the table for those that are far
    CHECK(table->get(4) == state(SocketKind::ours));
    CHECK(table->get(end - 4) == state(SocketKind::deferred));
    CHECK_FALSE(table->set(end, state(SocketKind::ours)));
    CHECK(table->get(end) == SocketState{});
}

TEST_CASE("an exchange of an unseen socket starts from unknown; of one that cannot be tracked it fails as unknown") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    SocketState expected = state(SocketKind::deferred);
    const int before = leaves;
    CHECK_FALSE(table->exchange(0x8000, expected, state(SocketKind::ours)));
    CHECK(expected == SocketState{});
    CHECK(leaves == before);
    CHECK(table->exchange(0x8000, expected, state(SocketKind::ours)));
    CHECK(table->get(0x8000) == state(SocketKind::ours));
    for (const SocketState& from : {SocketState{}, state(SocketKind::ours)}) {
        expected = from;
        CHECK_FALSE(table->exchange(0x8001, expected, state(SocketKind::wildcard)));
        CHECK(expected == SocketState{});
    }
}

TEST_CASE("a process with few handles has no table for many") {
    const auto table = std::make_unique<SocketTable>();
    table->use_memory(table_memory);
    const int before = leaves;
    for (const std::uintptr_t handle : {0x4, 0x3ffc, 0x4000, 0xffffc}) {
        CHECK(table->get(handle) == SocketState{});
        CHECK(table->get(handle).kind == SocketKind::unknown);
        CHECK(table->set(handle, state(SocketKind::ours)));
        CHECK(table->get(handle).kind == SocketKind::ours);
    }
    CHECK(leaves == before + 3);
    CHECK(table->get(0x100000).kind == SocketKind::unknown);
    CHECK(leaves == before + 3);
    CHECK(table->set(0x100000, state(SocketKind::wildcard)));
    CHECK(table->get(0x100000).kind == SocketKind::wildcard);
    CHECK(leaves == before + 5);
}

TEST_CASE("threads that meet in an empty leaf keep one leaf and lose no state") {
    constexpr int threads = 4;
    std::uintptr_t first = 0;
    int expected = 1;
    SUBCASE("near") {}
    SUBCASE("far") {
        first = 0x200000;
        expected = 2;
    }
    for (int round = 0; round < 100; ++round) {
        const auto table = std::make_unique<SocketTable>();
        table->use_memory(table_memory);
        const int before = leaves;
        std::atomic<int> ready{0};
        std::vector<std::thread> workers;
        for (std::uintptr_t t = 0; t < threads; ++t) {
            workers.emplace_back([&table, &ready, t, first] {
                ++ready;
                while (ready < threads) std::this_thread::yield();
                for (std::uintptr_t i = 0; i < 16; ++i)
                    table->set(first + (i * threads + t) * 4, state(SocketKind::ours));
            });
        }
        for (std::thread& worker : workers) worker.join();
        CHECK(leaves == before + expected);
        for (std::uintptr_t i = 0; i < std::uintptr_t{16} * threads; ++i) {
            CHECK(table->get(first + i * 4) == state(SocketKind::ours));
        }
    }
}

TEST_SUITE_END();
