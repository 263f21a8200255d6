// A policy that changes under a running program: how soon its calls go by the new one, what a write that is no policy
// does (nothing), and whether anything is lost when it changes a thousand times under 32 threads.
#include <doctest/doctest.h>
#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/stored_values.hpp"
#include "fixture.hpp"
#include "system/policy_store.hpp"

using namespace test;

namespace {

constexpr char to_physical[] = "source 11.22.33.44 otherwise refuse";
constexpr char to_virtual[] = "source 128.129.0.2 otherwise refuse";

// The value as anybody with the right to write it may leave it.
void write_value(DWORD type, const std::vector<unsigned char>& bytes) {
    HKEY key = nullptr;
    const REGSAM access = KEY_SET_VALUE | KEY_WOW64_64KEY;
    REQUIRE(RegOpenKeyExW(HKEY_LOCAL_MACHINE, lsp::system::policy_store_key, 0, access, &key) == ERROR_SUCCESS);
    const LSTATUS written = RegSetValueExW(key, L"Policy", 0, type, bytes.data(), static_cast<DWORD>(bytes.size()));
    RegCloseKey(key);
    REQUIRE(written == ERROR_SUCCESS);
}

void write_rule(const char* rule) { write_value(REG_MULTI_SZ, lsp::stored_rules({rule})); }

// Without doctest's checks, which leave the heap in disorder where threads that made them end.
SOCKET open_socket(int type) { return WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED); }

// Where a datagram socket sends from after a connect: nobody need be there, so it costs nothing but the decision.
std::string datagram_source() {
    const Socket s(open_socket(SOCK_DGRAM));
    const int error = connect_to(s, target_address, 9);
    return error == 0 ? local_address(s) : "error " + std::to_string(error);
}

double milliseconds_since(const LARGE_INTEGER& begin) {
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return static_cast<double>(now.QuadPart - begin.QuadPart) * 1000.0 / static_cast<double>(frequency.QuadPart);
}

struct Reload {
    double seen_after;      // ms from the write's return to the end of the first call that went by it
    double last_old_begun;  // ms from the write's return to the beginning of the last call that did not
};

// `pause_ms` between the program's calls; 0: one after the other.
Reload measure(const char* rule, const std::string& source, DWORD pause_ms) {
    write_rule(rule);
    LARGE_INTEGER written;
    QueryPerformanceCounter(&written);
    Reload reload{0, 0};
    for (;;) {
        const double begun = milliseconds_since(written);
        const std::string seen = datagram_source();
        if (seen == source) break;
        const std::string& before = source == physical_address ? virtual_address : physical_address;
        CHECK(seen == before);
        reload.last_old_begun = begun;
        REQUIRE(begun < 10'000);
        Sleep(pause_ms);
    }
    reload.seen_after = milliseconds_since(written);
    return reload;
}

struct Tally {
    std::mutex mutex;
    std::map<std::string, int> sources;  // and errors

    void add(const std::string& source) {
        const std::lock_guard lock(mutex);
        ++sources[source];
    }
};

}  // namespace

TEST_SUITE_BEGIN("reload");

TEST_CASE("a call that begins 100 ms after a change goes by it, whether the program calls all the time or seldom") {
    const AdministratorRules rules({to_virtual});
    for (const DWORD pause_ms : {0UL, 5UL, 120UL}) {
        std::vector<double> seen_after;
        double last_old_begun = 0;
        for (int round = 0; round < 30; ++round) {
            const bool physical = round % 2 == 0;
            const Reload reload =
                measure(physical ? to_physical : to_virtual, physical ? physical_address : virtual_address, pause_ms);
            seen_after.push_back(reload.seen_after);
            last_old_begun = std::max(last_old_begun, reload.last_old_begun);
            Sleep(static_cast<DWORD>(round * 7 % 60));  // changes come at any time between two looks
        }
        CHECK(last_old_begun < 100);
        std::sort(seen_after.begin(), seen_after.end());
        MESSAGE("reload, a call each ", pause_ms, " ms: in force after ", seen_after.front(), " ms at least, ",
                seen_after[seen_after.size() / 2], " ms as median, ", seen_after[seen_after.size() * 9 / 10],
                " ms in nine of ten, ", seen_after.back(), " ms at most; the last call by the old policy began ",
                last_old_begun, " ms after the change");
    }
}

TEST_CASE("a torn or invalid write never takes effect") {
    const AdministratorRules rules({to_physical});
    CHECK(datagram_source() == physical_address);

    const std::vector<unsigned char> good = lsp::stored_rules({"# the new ones", to_virtual});
    std::vector<unsigned char> bad_line = lsp::stored_rules({to_virtual, "source 128.129.0"});
    for (std::size_t cut = 1; cut < good.size(); ++cut) {
        // Cut behind a whole line, or the end of all, it is a policy; anywhere else it is none.
        const bool at_line = good[cut - 1] == 0 && cut % 2 == 0 && good[cut - 2] == 0;
        if (at_line) continue;
        write_value(REG_MULTI_SZ, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(cut)});
        if (cut % 16 != 1) continue;
        Sleep(60);
        CAPTURE(cut);
        CHECK(datagram_source() == physical_address);
    }
    const struct {
        const char* what;
        DWORD type;
        std::vector<unsigned char> bytes;
    } situations[] = {
        {"another type", REG_SZ, good},
        {"a number", REG_DWORD, {1, 0, 0, 0}},
        {"one line of two cannot be understood", REG_MULTI_SZ, bad_line},
        {"too long", REG_MULTI_SZ, std::vector<unsigned char>(lsp::longest_policy_value + 2)},
    };
    for (const auto& situation : situations) {
        CAPTURE(situation.what);
        write_value(situation.type, situation.bytes);
        Sleep(60);
        CHECK(datagram_source() == physical_address);
    }
    write_value(REG_MULTI_SZ, good);
    Sleep(110);
    CHECK(datagram_source() == virtual_address);
}

TEST_CASE("a thousand changes in a row while 32 threads connect lose nothing") {
    constexpr int changes = 1000;
    constexpr int thread_count = 32;
    const AdministratorRules rules({to_physical});
    const Socket listener = tcp();
    REQUIRE(bind_to(listener, target_address, 0) == 0);
    REQUIRE(listen(listener, SOMAXCONN) == 0);
    const int port = local_port(listener);
    std::thread acceptor([&listener] {
        for (const SOCKET s = listener;;) {
            const SOCKET accepted = accept(s, nullptr, nullptr);
            if (accepted == INVALID_SOCKET) return;
            closesocket(accepted);
        }
    });

    Tally tally;
    std::atomic<bool> over{false};
    std::atomic<int> streams{0}, datagrams{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; !over; ++round) {
                if ((round + i) % 8 != 0) {
                    tally.add(datagram_source());
                    ++datagrams;
                    continue;
                }
                const Socket s(open_socket(SOCK_STREAM));
                // Hung up hard, so that no port stays behind in TIME_WAIT.
                const linger hard{1, 0};
                setsockopt(s, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&hard), sizeof(hard));
                const int error = connect_to(s, target_address, port);
                tally.add(error == 0 ? local_address(s) : "error " + std::to_string(error));
                ++streams;
            }
        });
    }
    const std::vector<unsigned char> garbage(33, 'x');
    for (int change = 0; change < changes; ++change) {
        write_rule(change % 2 == 0 ? to_virtual : to_physical);
        if (change % 10 == 9) write_value(REG_MULTI_SZ, garbage);
        if (change % 10 == 9) write_rule(change % 20 == 9 ? to_virtual : to_physical);
        Sleep(change % 4 == 0 ? 10 : 1);
    }
    Sleep(110);
    CHECK(datagram_source() == physical_address);
    over = true;
    for (std::thread& thread : threads) thread.join();
    closesocket(listener);
    acceptor.join();

    const int lost = std::exchange(tally.sources["error 998"], 0);
    std::erase_if(tally.sources, [](const auto& entry) { return entry.second == 0; });
    CHECK((lost == 0 || is_lost_by_wine(ERROR_NOACCESS)));
    CHECK(lost <= (streams + datagrams) / 100);
    std::string all;
    for (const auto& [source, count] : tally.sources) all += source + ": " + std::to_string(count) + "  ";
    CAPTURE(all);
    CHECK(tally.sources.size() == 2);
    CHECK(tally.sources[physical_address] > 0);
    CHECK(tally.sources[virtual_address] > 0);
    MESSAGE(changes, " changes; ", streams.load(), " connections and ", datagrams.load(), " datagram sockets in ",
            thread_count, " threads: ", all);
}

TEST_SUITE_END();
