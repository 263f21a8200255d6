// The DLL in a program that has no memory left. Its address space is used up, which is the end of memory for whoever
// wants pages; of what the heap holds already only the large pieces, for Wine itself needs small ones in every call.
// 128 TB of a 64-bit program cannot be reserved one by one (Wine keeps a byte for each page): there Linux is asked to
// let the process grow no more, and what Wine had reserved for it before is used up.
#include <doctest/doctest.h>
#include <winsock2.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/system_function.hpp"

using namespace test;

namespace {

#ifdef _WIN64
// Under Wine a program is a Linux process: prlimit64 of its own RLIMIT_AS (two words, the soft limit and the hard one).
bool limit_address_space(const unsigned long long* limits, unsigned long long* old_limits) {
    constexpr long long prlimit64 = 302, rlimit_as = 9;
    long long result = 0;
    register unsigned long long* old asm("r10") = old_limits;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(prlimit64), "D"(0LL), "S"(rlimit_as), "d"(limits), "r"(old)
                 : "rcx", "r11", "memory");
    return result == 0;
}
#endif

class AllMemory {
  public:
    AllMemory() {
#ifdef _WIN64
        // Less than it has: it keeps that, and gets no more. Without the limit this would reserve the machine away.
        if (lsp::system::look_up(lsp::system::SystemLibrary::ntdll, "wine_get_version") == nullptr) return;
        if (!limit_address_space(nullptr, limits_)) return;
        const unsigned long long none[2] = {0, limits_[1]};
        limited_ = limit_address_space(none, nullptr);
        if (!limited_) return;
#endif
        constexpr SIZE_T largest = SIZE_T{1} << (sizeof(void*) == 8 ? 46 : 30);
        for (SIZE_T size = largest; size >= 1u << 16; size /= 2) {
            while (void* const block = VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_NOACCESS)) {
                reserved_[count_] = block;
                if (++count_ == capacity) return;
            }
        }
        for (size_t size = 1u << 16; size >= 1u << 12; size /= 2) {
            while (void* const block = std::malloc(size)) {
                *static_cast<void**>(block) = blocks_;
                blocks_ = block;
            }
        }
        // Now: what the program gives back later, Wine's own part of it, may be had again.
        void* const page = VirtualAlloc(nullptr, 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (page != nullptr) VirtualFree(page, 0, MEM_RELEASE);
        all_ = page == nullptr;
    }
    ~AllMemory() {
        while (blocks_ != nullptr) {
            void* const block = blocks_;
            blocks_ = *static_cast<void**>(block);
            std::free(block);
        }
        while (count_ > 0) VirtualFree(reserved_[--count_], 0, MEM_RELEASE);
#ifdef _WIN64
        if (limited_) limit_address_space(limits_, nullptr);
#endif
    }
    AllMemory(const AllMemory&) = delete;
    AllMemory& operator=(const AllMemory&) = delete;

    bool all() const { return all_; }

  private:
    static constexpr int capacity = 60'000;
    static inline void* reserved_[capacity];
#ifdef _WIN64
    unsigned long long limits_[2] = {};
    bool limited_ = false;
#endif
    int count_ = 0;
    bool all_ = false;
    void* blocks_ = nullptr;
};

std::vector<std::string> thousand_rules() {
    std::vector<std::string> rules;
    for (int i = 0; i < 999; ++i) {
        rules.push_back("to 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                        ".0/24 port 80,443-445 keep");
    }
    rules.push_back("source 128.129.0.2 otherwise refuse");
    return rules;
}

// What a program sees without memory; nothing here allocates.
struct Seen {
    int connected = -1;     // 0 or the Winsock error
    sockaddr_in source{};   // of the connection
    int sent = -1;          // bytes
    char received[8] = {};  // what came back
    int datagram = -1;
    sockaddr_in datagram_source{};
};

void exchange(SOCKET listener, int port, Seen& seen) {
    const SOCKET client = WSASocketW(AF_INET, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
    seen.connected = connect_to(client, target_address, port);
    int length = sizeof(seen.source);
    const SOCKET server = accept(listener, reinterpret_cast<sockaddr*>(&seen.source), &length);
    seen.sent = send(client, "hello", 5, 0);
    char buffer[8] = {};
    const int arrived = recv(server, buffer, sizeof(buffer), 0);
    if (arrived > 0) send(server, buffer, arrived, 0);
    recv(client, seen.received, sizeof(seen.received) - 1, 0);
    closesocket(server);
    closesocket(client);

    const SOCKET receiver = WSASocketW(AF_INET, SOCK_DGRAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
    const SOCKET sender = WSASocketW(AF_INET, SOCK_DGRAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
    bind_to(receiver, target_address, 0);
    seen.datagram = send_to(sender, target_address, local_port(receiver));
    length = sizeof(seen.datagram_source);
    recvfrom(receiver, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&seen.datagram_source), &length);
    closesocket(sender);
    closesocket(receiver);
}

std::string source_now(TcpTarget& target) {
    const Socket s = tcp();
    if (const int error = connect_to(s, target_address, target.port()); error != 0) {
        return "error " + std::to_string(error);
    }
    return target.accepted_from();
}

}  // namespace

TEST_SUITE_BEGIN("out-of-memory");

TEST_CASE("without memory a program goes on by the last good policy while one of 1 000 rules waits to be loaded") {
    const AdministratorRules last_good({"source 11.22.33.44 otherwise refuse"});
    wait_for_policy();
    TcpTarget target(target_address);
    REQUIRE(source_now(target) == physical_address);
    const Socket listener = tcp();
    REQUIRE(bind_to(listener, target_address, 0) == 0);
    REQUIRE(listen(listener, 5) == 0);
    const int port = local_port(listener);
    Seen warm, seen[8];
    exchange(listener, port, warm);
    REQUIRE(warm.connected == 0);
    // All calls come before the next look at the store, which is 50 ms after the last one: the policy waits.
    const std::vector<std::string> rules = thousand_rules();
    REQUIRE(lsp::setup::write_policy(rules));
    bool all = false;
    {
        const AllMemory memory;
        for (Seen& each : seen) {
            Sleep(60);
            exchange(listener, port, each);
        }
        all = memory.all();
    }
    CHECK(all);
    for (const Seen& each : seen) {
        CHECK(each.connected == 0);
        CHECK(text(each.source) == physical_address);
        CHECK(each.sent == 5);
        CHECK(std::string(each.received) == "hello");
        CHECK(each.datagram == 0);
        CHECK(text(each.datagram_source) == physical_address);
    }
    // With memory again it is loaded, a second after it could not be.
    std::string source;
    for (int attempt = 0; attempt < 50 && source != virtual_address; ++attempt) {
        Sleep(100);
        source = source_now(target);
    }
    CHECK(source == virtual_address);
}

TEST_SUITE_END();
