// Sixty-four threads at once, and a policy that comes and goes under them. A batch has a fixed number of rounds, and
// what each thread does in each is drawn from a seed, so that a failure can be had again. TEST_SOAK_SECONDS: batches go
// on for so long.
#include <doctest/doctest.h>
#include <winsock2.h>
// Below winsock2.h
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

using namespace test;

namespace {

constexpr int thread_count = 64;
constexpr int rounds_of_batch = 40;
constexpr int batches = 3;  // at least; the first warms up
constexpr int shared_count = 8;
// A slow machine may take its time for a batch, but not for one step of one thread: blocked in a call or waiting in
// vain.
constexpr DWORD patience_ms = 120'000;

const char* const destinations[] = {target_address, physical_address, "127.0.0.1"};

// What broke, a few lines of it; doctest's own checks are too slow for every round of every thread.
class Complaints {
  public:
    void add(const std::string& text) {
        const std::lock_guard lock(mutex_);
        ++count_;
        if (texts_.size() < 10) texts_.push_back(text);
    }
    void report() const {
        std::string all;
        for (const std::string& text : texts_) all += text + "; ";
        CAPTURE(all);
        CHECK(count_ == 0);
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> texts_;
    int count_ = 0;
};

struct Totals {
    std::atomic<int> rounds{0};
    std::atomic<int> connections{0};
    std::atomic<int> from_physical{0};  // of those to the target: under the tunnel's rule
    std::atomic<int> from_route{0};     // and without one
    std::atomic<int> datagrams{0};
    std::atomic<int> failures{0};  // calls that failed, as some must
    std::atomic<int> lost{0};      // by Wine
};

bool is_one_of(const std::string& text, std::initializer_list<const char*> allowed) {
    return std::any_of(allowed.begin(), allowed.end(), [&](const char* each) { return text == each; });
}

// With a policy in force or without, and whatever it was a moment ago.
bool is_allowed_source(const std::string& source, const std::string& destination, const char* bound) {
    if (bound != nullptr && std::string(bound) != "0.0.0.0") return source == bound;
    if (destination == target_address) return is_one_of(source, {physical_address, target_address});
    return source == destination;
}

// Accepts and hangs up; every connection's peer must be one of the host's addresses that could be it.
class Acceptor {
  public:
    static constexpr int most_failures_in_a_row = 100'000;

    Acceptor(const char* at, Complaints& complaints) : complaints_(complaints), at_(at), listener_(tcp()) {
        REQUIRE(bind_to(listener_, at, 0) == 0);
        REQUIRE(listen(listener_, SOMAXCONN) == 0);
        port_ = local_port(listener_);
        thread_ = std::thread([this] { run(); });
    }
    ~Acceptor() {
        over_ = true;
        closesocket(listener_.release());
        thread_.join();
    }
    int port() const { return port_; }
    int accepted() const { return accepted_; }
    void print() const {
        std::printf("acceptor at %s: %d accepted, %d failures, the last with error %d%s\n", at_.c_str(),
                    accepted_.load(), failures_.load(), last_error_.load(), ended_ ? "; it has given up" : "");
    }

  private:
    void run() {
        int failures_in_a_row = 0;
        for (const SOCKET listener = listener_;;) {
            sockaddr_in peer{};
            int length = sizeof(peer);
            const SOCKET s = accept(listener, reinterpret_cast<sockaddr*>(&peer), &length);
            if (s == INVALID_SOCKET) {
                last_error_ = WSAGetLastError();
                if (over_) return;
                ++failures_;
                if (++failures_in_a_row < most_failures_in_a_row) continue;  // the other side has hung up already
                complaints_.add("accept at " + at_ + " fails again and again: error " + std::to_string(last_error_));
                ended_ = true;
                return;
            }
            failures_in_a_row = 0;
            ++accepted_;
            const std::string source = text(peer);
            if (!is_allowed_source(source, at_, nullptr) && source != virtual_address) {
                complaints_.add("at " + at_ + ": a connection from " + source);
            }
            closesocket(s);
        }
    }

    Complaints& complaints_;
    std::string at_;
    Socket listener_;
    int port_ = 0;
    std::atomic<bool> over_{false};
    std::atomic<bool> ended_{false};
    std::atomic<int> accepted_{0};
    std::atomic<int> failures_{0};
    std::atomic<int> last_error_{0};
    std::thread thread_;
};

// What a thread does now, for whom it may concern when it hangs.
struct Step {
    std::atomic<const char*> what{nullptr};  // null: it has ended
    std::atomic<const char*> where{nullptr};
    std::atomic<ULONGLONG> since{0};

    void begin(const char* step, const char* destination = "") {
        since = GetTickCount64();
        where = destination;
        what = step;
    }
    bool hangs(ULONGLONG now) const {
        return what.load() != nullptr && static_cast<LONGLONG>(now - since) > static_cast<LONGLONG>(patience_ms);
    }
};

// Sockets that every thread may call at any moment, until their owner closes them.
struct Shared {
    std::atomic<SOCKET> s{INVALID_SOCKET};
    std::atomic<int> users{0};
};

struct Arena {
    Complaints complaints;
    Totals totals;
    Shared shared[shared_count];
    std::vector<std::unique_ptr<Acceptor>> acceptors;  // at the destinations
    Step steps[thread_count];
};

// Ends the process: threads that hang cannot be joined.
[[noreturn]] void end_hanging(const Arena& arena, unsigned seed) {
    const ULONGLONG now = GetTickCount64();
    std::printf("seed %u: threads hang, after %d rounds in all\n", seed, arena.totals.rounds.load());
    for (int number = 0; number < thread_count; ++number) {
        const Step& step = arena.steps[number];
        if (const char* const what = step.what) {
            std::printf("thread %d: %s %s for %llu ms\n", number, what, step.where.load(), now - step.since);
        }
    }
    for (const auto& acceptor : arena.acceptors) acceptor->print();
    std::fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 3);
    std::abort();
}

class Worker {
  public:
    Worker(Arena& arena, unsigned seed, int number) : arena_(arena), number_(number), random_(seed * 1000 + number) {}

    void run() {
        for (int round = 0; round < rounds_of_batch; ++round) {
            switch (draw(8)) {
                case 0: use_shared(); break;
                case 1:
                case 2:
                case 3: send_datagrams(); break;
                default: make_connection(); break;
            }
            if (number_ < shared_count) replace_shared();
            ++arena_.totals.rounds;
        }
    }

  private:
    unsigned draw(unsigned bound) { return static_cast<unsigned>(random_()) % bound; }

    const char* draw_bind() {
        constexpr const char* binds[] = {nullptr, nullptr, "0.0.0.0", "0.0.0.0", virtual_address};
        return binds[draw(std::size(binds))];
    }

    void close(SOCKET s) {
        doing("closesocket");
        // Without the closing handshake, or the host would run out of ports.
        const linger at_once{1, 0};
        setsockopt(s, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once), sizeof(at_once));
        if (draw(8) == 0) {
            CloseHandle(reinterpret_cast<HANDLE>(s));
        } else if (closesocket(s) != 0) {
            complain("closesocket", WSAGetLastError());
        }
    }

    void complain(const std::string& call, int error) {
        if (is_lost_by_wine(error)) {
            ++arena_.totals.lost;
        } else {
            arena_.complaints.add(call + ": error " + std::to_string(error));
        }
    }

    void doing(const char* what, const char* where = "") { arena_.steps[number_].begin(what, where); }

    SOCKET open(int type) {
        doing("socket");
        const SOCKET s = WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
        if (s == INVALID_SOCKET) complain("socket", WSAGetLastError());
        return s;
    }

    void make_connection() {
        const unsigned where = draw(std::size(destinations));
        const char* const destination = destinations[where];
        const bool extended = draw(2) == 0;
        const char* const bound = extended ? "0.0.0.0" : draw_bind();
        const SOCKET s = open(SOCK_STREAM);
        const int bind_error = bound == nullptr ? 0 : bind_to(s, bound, 0);
        if (bind_error != 0) complain("bind of a new socket", bind_error);
        const int port = arena_.acceptors[where]->port();
        doing(extended ? "ConnectEx" : "connect", destination);
        const int error = extended ? connect_ex_to(s, destination, port) : connect_to(s, destination, port);
        doing("getsockname");
        if (error == 0) {
            const std::string source = local_address(s);
            if (is_lost_by_wine(source)) {
                ++arena_.totals.lost;
            } else if (bind_error == 0 && !is_allowed_source(source, destination, bound)) {
                arena_.complaints.add(std::string("to ") + destination + " from " + source);
            }
            ++arena_.totals.connections;
            if (where == 0 && source == physical_address) ++arena_.totals.from_physical;
            if (where == 0 && source == target_address) ++arena_.totals.from_route;
            // Whom the acceptor sees, it can only tell of a connection that is still there.
            if (draw(4) == 0) {
                doing("recv until hung up on by", destination);
                char byte = 0;
                recv(s, &byte, 1, 0);
            }
        } else {
            ++arena_.totals.failures;
            // From the virtual address a connection may fail, as a ConnectEx must whose bind has failed.
            const bool may_fail = bind_error != 0 || (bound != nullptr && std::string(bound) == virtual_address);
            if (!may_fail || is_lost_by_wine(error)) {
                complain(std::string("connect to ") + destination, error);
            }
        }
        close(s);
    }

    void send_datagrams() {
        const SOCKET s = open(SOCK_DGRAM);
        const char* const bound = draw(2) == 0 ? "0.0.0.0" : nullptr;
        if (bound != nullptr) bind_to(s, bound, 0);
        bool sent = false;
        for (unsigned i = 1 + draw(4); i > 0; --i) {
            const char* const destination = destinations[draw(std::size(destinations))];
            doing("sendto", destination);
            const int error = send_to(s, destination, 9);
            if (error == 0) {
                ++arena_.totals.datagrams;
                sent = true;
            } else {
                ++arena_.totals.failures;
                complain(std::string("sendto ") + destination, error);
            }
        }
        if (sent && draw(2) == 0 && local_port(s) <= 0)
            complain("a socket that has sent has no port", WSAGetLastError());
        close(s);
    }

    // Whatever it answers: others do the same to it in this moment.
    void use_shared() {
        Shared& shared = arena_.shared[draw(shared_count)];
        ++shared.users;
        if (const SOCKET s = shared.s.load(); s != INVALID_SOCKET) {
            for (int i = 0; i < 4; ++i) {
                const char* const destination = destinations[draw(std::size(destinations))];
                switch (draw(6)) {
                    case 0:
                        doing("bind of a shared socket to", "0.0.0.0");
                        bind_to(s, "0.0.0.0", 0);
                        break;
                    case 1:
                        doing("sendto on a shared socket to", destination);
                        send_to(s, destination, 9);
                        break;
                    case 2:
                        doing("getsockname of a shared socket");
                        local_address(s);
                        break;
                    case 3:
                        doing("connect of a shared socket to", destination);
                        connect_to(s, destination, 9);
                        break;
                    case 4:
                        doing("bind of a shared socket to", virtual_address);
                        bind_to(s, virtual_address, 0);
                        break;
                    default: {
                        doing("select on a shared socket");
                        fd_set set{};
                        FD_SET(s, &set);
                        timeval at_once{0, 0};
                        select(0, &set, nullptr, nullptr, &at_once);
                        break;
                    }
                }
            }
        }
        --shared.users;
    }

    // Non-blocking: Wine 8 may never wake a sendto that blocks while another thread binds or connects the socket,
    // without our DLL, too.
    SOCKET open_shared() {
        const SOCKET s = open(SOCK_DGRAM);
        u_long on = 1;
        ioctlsocket(s, FIONBIO, &on);
        return s;
    }

    void replace_shared() {
        Shared& shared = arena_.shared[number_];
        doing("waiting for a shared socket's users");
        const SOCKET old = shared.s.exchange(INVALID_SOCKET);
        while (shared.users != 0) Sleep(0);
        if (old != INVALID_SOCKET) closesocket(old);
        shared.s = open_shared();
    }

    Arena& arena_;
    int number_;
    std::minstd_rand random_;
};

void run_batch(Arena& arena, unsigned seed) {
    std::atomic<int> running{thread_count};
    std::vector<std::thread> threads;
    for (int number = 0; number < thread_count; ++number) {
        threads.emplace_back([&arena, &running, seed, number] {
            Worker(arena, seed, number).run();
            arena.steps[number].what = nullptr;
            --running;
        });
    }
    std::atomic<bool> over{false};
    std::thread policy([&over] {
        while (!over) const PublishedTunnel tunnel;  // 70 ms with it, 70 ms without
    });
    while (running != 0) {
        Sleep(10);
        const ULONGLONG now = GetTickCount64();
        for (const Step& step : arena.steps) {
            if (step.hangs(now)) end_hanging(arena, seed);
        }
    }
    for (std::thread& thread : threads) thread.join();
    over = true;
    policy.join();
    for (Shared& shared : arena.shared) closesocket(shared.s.exchange(INVALID_SOCKET));
}

// Wine's GetProcessHandleCount says 0. There the values tell: handles take the lowest free one, so many new ones fill
// the gaps and then go on where the used ones end.
DWORD handle_count() {
    DWORD count = 0;
    if (GetProcessHandleCount(GetCurrentProcess(), &count) && count != 0) return count;
    std::vector<HANDLE> probes(2048);
    std::uintptr_t highest = 0;
    for (HANDLE& probe : probes) {
        probe = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        highest = std::max(highest, reinterpret_cast<std::uintptr_t>(probe));
    }
    for (const HANDLE probe : probes) CloseHandle(probe);
    return static_cast<DWORD>(highest / 4 - probes.size());
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("64 threads create, bind, connect, send and close at random while the policy changes") {
    const char* const text = std::getenv("TEST_SOAK_SECONDS");
    const ULONGLONG end = GetTickCount64() + 1000ULL * (text == nullptr ? 0 : std::strtoul(text, nullptr, 10));
    Arena arena;
    for (const char* const destination : destinations) {
        arena.acceptors.push_back(std::make_unique<Acceptor>(destination, arena.complaints));
    }

    unsigned seed = 1;
    run_batch(arena, seed++);
    const DWORD handles_before = handle_count();
    do {
        run_batch(arena, seed++);
    } while (seed <= batches || GetTickCount64() < end);
    const DWORD handles_after = handle_count();

    arena.complaints.report();
    const Totals& totals = arena.totals;
    for (const auto& acceptor : arena.acceptors) CHECK(acceptor->accepted() > 0);
    CHECK(totals.from_physical > 0);
    CHECK(totals.from_route > 0);
    CHECK(totals.datagrams > 0);
    CHECK(totals.lost <= 4 + totals.rounds / 500);
    CHECK(handles_after <= handles_before + 16);
    const unsigned run_batches = seed - 1;
    MESSAGE(run_batches, " batches, ", totals.rounds.load(), " rounds in ", thread_count, " threads, ",
            totals.connections.load(), " connections (to the target: ", totals.from_physical.load(),
            " from the physical address, ", totals.from_route.load(), " from the route's), ", totals.datagrams.load(),
            " datagrams, ", totals.failures.load(), " refused, ", totals.lost.load(),
            " lost by Wine; handles: ", handles_before, ", then ", handles_after);
}

TEST_SUITE_END();
