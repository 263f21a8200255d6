// What the provider costs; one line of JSON.
//
// provider_bench idle RULES: the memory of a process that has opened and closed two sockets.
//
// provider_bench load RULES: milliseconds until a new process has its first socket of each of the six kinds.
//
// provider_bench threads THREADS DESTINATIONS START: what a datagram costs where so many threads send at once, each on
// a socket of its own, to so many destinations by turns. They begin at START (milliseconds since 1970; 0: at once), so
// that processes can begin together. One rule; for more than 64 destinations one by prefix, because looking up as many
// routes, again each second, takes Wine longer than a second (30 ms each).
//
// provider_bench SOCKETS RULES: what each call costs with so many other sockets open and so many rules in force. Over
// the null base provider (TEST_WINSOCK_BASE=null), whose calls cost next to nothing. Run with our DLL in the chain and
// without; the difference is ours.
#include <winsock2.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <psapi.h>
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "core/address.hpp"
#include "measure.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/interfaces.hpp"

using measure::name_of;
using measure::seconds_now;

namespace {

// The host is test/support/provider_host.ts's.
constexpr char virtual_address[] = "128.129.0.2";
constexpr char physical_address[] = "11.22.33.44";
constexpr char kept_destination[] = "11.22.33.45";  // on the physical network: no rule names it
constexpr char ruled_destination[] = "1.2.3.4";     // through the tunnel interface: the last rule does

constexpr int batch = 2000;
constexpr int batches = 15;

const sockaddr* generic(const sockaddr_in& name) { return reinterpret_cast<const sockaddr*>(&name); }

SOCKET open_socket(int type) { return WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED); }

// Median of the batches' means, in nanoseconds a call.
template <typename Call>
double cost(Call call, int how_many = batches) {
    return measure::cost(call, batch, how_many) * 1e9;
}

// All rules but the last name networks that nobody goes to.
bool put_rules(int count, bool by_route = true) {
    const auto tunnel = lsp::system::find_address(*lsp::parse_address(virtual_address));
    if (!tunnel || !tunnel->has_value() || !lsp::setup::create_policy_store()) return false;
    std::wstring text;
    for (int i = 1; i < count; ++i) {
        text += L"to 10." + std::to_wstring(i / 256) + L"." + std::to_wstring(i % 256) + L".0/24 keep";
        text += L'\0';
    }
    const std::string source = physical_address;
    text += (by_route ? L"via " + std::to_wstring((*tunnel)->interface_index) : L"to 1.2.3.0/24") + L" source " +
            std::wstring(source.begin(), source.end());
    text.append(2, L'\0');
    HKEY key = nullptr;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\winsock-lsp", 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key) != 0) {
        return false;
    }
    const LSTATUS status = RegSetValueExW(key, L"Policy", 0, REG_MULTI_SZ, reinterpret_cast<const BYTE*>(text.data()),
                                          static_cast<DWORD>(text.size() * sizeof(wchar_t)));
    RegCloseKey(key);
    return status == 0 && lsp::system::read_policy()->rules.size() == static_cast<std::size_t>(count);
}

struct Memory {
    std::size_t committed = 0;  // private pages, and writable pages of images: touched or not
    std::size_t touched = 0;    // those of them that are in memory and this process's alone
};

std::size_t touched_bytes(const MEMORY_BASIC_INFORMATION& region) {
    constexpr std::size_t page = 4096;
    static PSAPI_WORKING_SET_EX_INFORMATION pages[256];
    std::size_t total = 0;
    for (std::size_t offset = 0; offset < region.RegionSize;) {
        DWORD count = 0;
        for (; count < std::size(pages) && offset < region.RegionSize; ++count, offset += page) {
            pages[count].VirtualAddress = static_cast<char*>(region.BaseAddress) + offset;
        }
        if (!K32QueryWorkingSetEx(GetCurrentProcess(), pages, count * static_cast<DWORD>(sizeof(pages[0])))) continue;
        for (DWORD i = 0; i < count; ++i) {
            const auto& attributes = pages[i].VirtualAttributes;
            if (attributes.Valid && !attributes.Shared) total += page;
        }
    }
    return total;
}

Memory private_memory() {
    Memory memory;
    MEMORY_BASIC_INFORMATION info{};
    constexpr DWORD writable = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    for (char* at = nullptr; VirtualQuery(at, &info, sizeof(info)) == sizeof(info);
         at = static_cast<char*>(info.BaseAddress) + info.RegionSize) {
        if (info.State != MEM_COMMIT) continue;
        if (info.Type != MEM_PRIVATE && (info.Type != MEM_IMAGE || (info.Protect & writable) == 0)) continue;
        memory.committed += info.RegionSize;
        memory.touched += touched_bytes(info);
    }
    return memory;
}

template <typename Use>
double cost_of_life(int type, Use use) {
    return cost([&] {
        const SOCKET s = open_socket(type);
        use(s);
        closesocket(s);
    });
}

// So many destinations of one kind: `first` is the lowest of a /24 that they lie in, with ports as many as it takes.
std::vector<sockaddr_in> destinations_from(const char* first, int count) {
    constexpr int per_network = 200;
    std::vector<sockaddr_in> destinations;
    for (int i = 0; i < count; ++i) {
        destinations.push_back(name_of(first, 9 + i / per_network));
        sockaddr_in& name = destinations.back();
        name.sin_addr.s_addr = htonl(ntohl(name.sin_addr.s_addr) + static_cast<u_long>(i % per_network));
    }
    return destinations;
}

void wait_until(long long start) {
    constexpr long long ticks_per_ms = 10'000, between_epochs_ms = 11'644'473'600'000;
    for (;;) {
        FILETIME time;
        GetSystemTimeAsFileTime(&time);
        const long long ticks = static_cast<long long>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
        if (ticks / ticks_per_ms - between_epochs_ms >= start) return;
        Sleep(0);
    }
}

// What a thread's calls cost while all of them send: the mean over the threads.
double cost_of_threads(int threads, const std::vector<sockaddr_in>& destinations) {
    std::atomic<int> ready{0};
    std::atomic<int> done{0};
    std::vector<double> costs(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    for (double& each : costs) {
        running.emplace_back([&] {
            const SOCKET s = open_socket(SOCK_DGRAM);
            const sockaddr_in wildcard = name_of("0.0.0.0", 5000);
            bind(s, generic(wildcard), sizeof(wildcard));
            char data[16] = {};
            std::size_t next = 0;
            const auto send = [&] {
                const sockaddr_in& to = destinations[next];
                if (++next == destinations.size()) next = 0;
                sendto(s, data, sizeof(data), 0, generic(to), sizeof(to));
            };
            for (std::size_t i = 0; i < 2 * destinations.size(); ++i) send();
            ++ready;
            while (ready < threads) {
            }
            each = cost(send, 101);
            // The others are to be measured beside this one to their end.
            ++done;
            while (done < threads) send();
            closesocket(s);
        });
    }
    for (std::thread& each : running) each.join();
    return std::accumulate(costs.begin(), costs.end(), 0.0) / threads;
}

int measure_load() {
    const double begin = seconds_now();
    for (const int family : {AF_INET, AF_INET6}) {
        for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW}) {
            const SOCKET s =
                WSASocketW(family, type, type == SOCK_RAW ? IPPROTO_ICMP : 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
            if (s == INVALID_SOCKET) {
                std::fprintf(stderr, "socket %d %d: error %d\n", family, type, WSAGetLastError());
                return 1;
            }
            closesocket(s);
        }
    }
    std::printf("{\"load\":%.4f}\n", (seconds_now() - begin) * 1e3);
    return 0;
}

int measure_threads(int threads, int count, long long start) {
    wait_until(start);
    std::printf("{\"kept\":%.2f,", cost_of_threads(threads, destinations_from(kept_destination, count)));
    std::printf("\"source\":%.2f}\n", cost_of_threads(threads, destinations_from(ruled_destination, count)));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    const bool idle = mode == "idle";
    const int others = std::atoi(mode.c_str());
    const bool crowd = mode == "threads" && argc > 4;
    const int rules = crowd ? 1 : argc > 2 ? std::atoi(argv[2]) : 0;
    WSADATA winsock;
    if (const int error = WSAStartup(MAKEWORD(2, 2), &winsock); error != 0) {
        std::fprintf(stderr, "WSAStartup: error %d\n", error);
        return 1;
    }
    if (rules > 0 && !put_rules(rules, !crowd || std::atoi(argv[3]) <= 64)) {
        std::fprintf(stderr, "the rules could not be written\n");
        return 1;
    }
    if (mode == "load") return measure_load();
    if (crowd) return measure_threads(std::atoi(argv[2]), std::atoi(argv[3]), std::atoll(argv[4]));
    closesocket(open_socket(SOCK_STREAM));  // the provider is loaded, as in a process that has used the network
    closesocket(open_socket(SOCK_DGRAM));
    if (idle) {
        const Memory memory = private_memory();
        std::printf("{\"committed\":%llu,\"touched\":%llu}\n", static_cast<unsigned long long>(memory.committed),
                    static_cast<unsigned long long>(memory.touched));
        return 0;
    }

    for (int i = 0; i < others; ++i) {
        if (open_socket(SOCK_DGRAM) != INVALID_SOCKET) continue;
        std::fprintf(stderr, "socket %d: error %d\n", i, WSAGetLastError());
        return 1;
    }
    const sockaddr_in kept = name_of(kept_destination, 9);
    const sockaddr_in ruled = name_of(ruled_destination, 9);
    const sockaddr_in own = name_of(physical_address, 0);
    const sockaddr_in wildcard = name_of("0.0.0.0", 0);
    const sockaddr_in fixed = name_of("0.0.0.0", 5000);
    char data[16] = {};

    const SOCKET connected = open_socket(SOCK_STREAM);
    connect(connected, generic(kept), sizeof(kept));
    const SOCKET bound = open_socket(SOCK_DGRAM);
    bind(bound, generic(own), sizeof(own));
    const SOCKET open = open_socket(SOCK_DGRAM);
    bind(open, generic(fixed), sizeof(fixed));
    const auto send_on = [&](SOCKET s, const sockaddr_in& to) {
        return cost([&] { sendto(s, data, sizeof(data), 0, generic(to), sizeof(to)); });
    };

    const char* separator = "{";
    const auto print = [&separator](const char* name, double nanoseconds) {
        std::printf("%s\"%s\":%.2f", separator, name, nanoseconds);
        separator = ",";
    };
    print("send", cost([&] { send(connected, data, sizeof(data), 0); }));
    print("recv", cost([&] { recv(connected, data, sizeof(data), 0); }));
    print("sendto, settled", send_on(bound, kept));
    print("sendto, wildcard, kept", send_on(open, kept));
    print("sendto, wildcard, source", send_on(open, ruled));
    print("socket+close", cost_of_life(SOCK_STREAM, [](SOCKET) {}));
    print("socket+bind+close",
          cost_of_life(SOCK_STREAM, [&](SOCKET s) { bind(s, generic(wildcard), sizeof(wildcard)); }));
    print("socket+connect+close, kept",
          cost_of_life(SOCK_STREAM, [&](SOCKET s) { connect(s, generic(kept), sizeof(kept)); }));
    print("socket+connect+close, source",
          cost_of_life(SOCK_STREAM, [&](SOCKET s) { connect(s, generic(ruled), sizeof(ruled)); }));
    std::printf("}\n");
    return 0;
}
