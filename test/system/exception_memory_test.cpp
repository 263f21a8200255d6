// Exceptions where there is no memory. The DLL's allocator of exceptions (lsp-dll/runtime) is linked into this program
// too, whose malloc can be told to fail, which no system does for a 64-bit program on demand.
#if defined(__MINGW32__)

#include <doctest/doctest.h>
#include <windows.h>

#include <atomic>
#include <cstddef>
#include <new>
#include <thread>
#include <vector>

namespace {

std::atomic<bool> memory_is_out{false};

}  // namespace

extern "C" {

void* __real_malloc(std::size_t size);
void* __wrap_malloc(std::size_t size) { return memory_is_out ? nullptr : __real_malloc(size); }

}  // extern "C"

namespace {

constexpr int reserves = 8;  // reserve_count there

struct Heard {
    int by = 0;
    int at_once_at_most = 0;
};

// So many threads throw at the same time, so many times, while there is memory or is none.
Heard heard_by(int threads, int times, bool memory) {
    std::atomic<int> ready{0}, heard{0}, hearing{0}, most{0};
    std::atomic<bool> go{false};
    const auto hear = [&] {
        const int now = ++hearing;
        for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
        }
        // Long enough for others to come, if they can.
        for (int i = 0; i < (memory ? 250 : 1) && most <= reserves; ++i) Sleep(20);
        --hearing;
        ++heard;
    };
    const auto run = [&] {
        // What the run time keeps for each thread that throws is this program's own, which is allocated.
        try {
            throw std::bad_alloc();
        } catch (const std::bad_alloc&) {
            ++ready;
        }
        while (!go) std::this_thread::yield();
        for (int i = 0; i < times; ++i) {
            try {
                throw std::bad_alloc();
            } catch (const std::bad_alloc&) {
                hear();
            }
        }
    };
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back(run);
    while (ready < threads) std::this_thread::yield();
    memory_is_out = !memory;
    go = true;
    while (heard < threads * times) Sleep(1);
    memory_is_out = false;
    for (std::thread& each : all) each.join();
    return {heard, most};
}

}  // namespace

TEST_SUITE_BEGIN("exception memory");

TEST_CASE("one thread after the other is told that there is no memory, as often as there is none") {
    CHECK(heard_by(1, 30, false).by == 30);
}

TEST_CASE("threads beyond those that there is a reserve for wait for one, and are told too") {
    const Heard heard = heard_by(20, 3, false);
    CHECK(heard.by == 60);
    CHECK(heard.at_once_at_most <= reserves);
}

TEST_CASE("where there is memory, nobody waits for the reserve") {
    const Heard heard = heard_by(20, 1, true);
    CHECK(heard.by == 20);
    CHECK(heard.at_once_at_most > reserves);
}

TEST_SUITE_END();

#endif
