// What the DLL in this process has carried to the section that all processes share.
#include <doctest/doctest.h>
#include <windows.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "core/counters.hpp"
#include "fixture.hpp"
#include "system/winsock_constants.hpp"

using namespace test;

namespace {

const lsp::CounterSection* shared_section() {
    const auto* const base = reinterpret_cast<const char*>(GetModuleHandleW(L"winsock-lsp.dll"));
    if (base == nullptr) return nullptr;
    const auto* const dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
    const auto* const headers = reinterpret_cast<const IMAGE_NT_HEADERS*>(base + dos->e_lfanew);
    const IMAGE_SECTION_HEADER* const sections = IMAGE_FIRST_SECTION(headers);
    for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; ++i) {
        if (std::strncmp(reinterpret_cast<const char*>(sections[i].Name), ".shared", IMAGE_SIZEOF_SHORT_NAME) == 0) {
            return reinterpret_cast<const lsp::CounterSection*>(base + sections[i].VirtualAddress);
        }
    }
    return nullptr;
}

// Of this process and those before it. What is counted is carried by a call that looks for changes of the policy, which
// `s` makes here; it is counted itself, but only carried by the next.
std::uint64_t carried(SOCKET s, lsp::Counter counter) {
    wait_for_policy();
    send_to(s, physical_address, 9);
    const lsp::CounterSection* const section = shared_section();
    if (section == nullptr) return 0;
    const auto index = static_cast<std::size_t>(counter);
    std::uint64_t sum = section->others[index];
    for (const lsp::ProcessCounts& process : section->processes) sum += process.counts[index];
    return sum;
}

}  // namespace

TEST_SUITE_BEGIN("null");

// More threads than there are stripes, one after another and at the same time, so that some own theirs, some share one,
// and some come to own what another has left.
TEST_CASE("each datagram of each thread is counted once") {
    const PublishedTunnel tunnel;
    const Socket own = udp();
    REQUIRE(bind_to(own, "0.0.0.0", 5000) == 0);
    REQUIRE((shared_section() != nullptr));
    constexpr int generations = 3, threads = 40, sends = 300;
    for (const bool kept_only : {true, false}) {
        CAPTURE(kept_only);
        const std::uint64_t kept = carried(own, lsp::Counter::decided_keep);
        const std::uint64_t ruled = carried(own, lsp::Counter::decided_source);
        for (int generation = 0; generation < generations; ++generation) {
            std::vector<std::thread> running;
            for (int i = 0; i < threads; ++i) {
                running.emplace_back([&] {
                    // Not udp(): doctest's assertions are for threads that live to the end.
                    const Socket s(WSASocketW(AF_INET, SOCK_DGRAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED));
                    bind_to(s, "0.0.0.0", 5001);
                    for (int k = 0; k < sends; ++k) {
                        send_to(s, kept_only || k % 2 == 0 ? physical_address : target_address, 9);
                    }
                });
            }
            for (std::thread& each : running) each.join();
        }
        constexpr std::uint64_t all = generations * threads * sends;
        // And those that `carried` has sent since the first count was read.
        CHECK(carried(own, lsp::Counter::decided_source) - ruled == (kept_only ? 0 : all / 2));
        CHECK(carried(own, lsp::Counter::decided_keep) - kept == (kept_only ? all : all / 2) + 3);
    }
}

// As a server that answers from many threads on one socket: each datagram may change what is remembered of the socket.
TEST_CASE("an interface that the program chooses is not lost to threads that send on the same socket") {
    const PublishedTunnel tunnel;
    const Socket own = udp();
    REQUIRE(bind_to(own, "0.0.0.0", 5000) == 0);
    const Socket shared = udp();
    REQUIRE(bind_to(shared, "0.0.0.0", 5001) == 0);
    const auto choose = [&](DWORD index) {
        return setsockopt(shared, IPPROTO_IP, IP_UNICAST_IF, reinterpret_cast<const char*>(&index), sizeof(index));
    };
    std::atomic<bool> ends{false};
    std::vector<std::thread> senders;
    for (int i = 0; i < 3; ++i) {
        senders.emplace_back([&] {
            while (!ends) {
                send_to(shared, physical_address, 9);
                send_to(shared, target_address, 9);
            }
        });
    }
    int kept_choices = 0;
    constexpr int rounds = 25;
    for (int round = 0; round < rounds; ++round) {
        REQUIRE(choose(0) == 0);
        Sleep(5);
        REQUIRE(choose(htonl(tunnel_interface())) == 0);
        // What was on its way, or counted but not carried, is over by the first.
        carried(own, lsp::Counter::decided_source);
        const std::uint64_t before = carried(own, lsp::Counter::decided_source);
        if (carried(own, lsp::Counter::decided_source) == before) ++kept_choices;
    }
    ends = true;
    for (std::thread& each : senders) each.join();
    CHECK(kept_choices == rounds);
}

TEST_SUITE_END();
