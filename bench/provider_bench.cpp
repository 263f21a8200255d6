// provider_bench idle RULES: the memory of a process that has opened and closed two sockets; one line of JSON.
//
// provider_bench SOCKETS RULES: what each call costs with so many other sockets open and so many rules in force; one
// line of JSON. Over the null base provider (TEST_WINSOCK_BASE=null), whose calls cost next to nothing. Run with our
// DLL in the chain and without; the difference is ours.
#include <winsock2.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <psapi.h>
#include <windows.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "core/address.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/interfaces.hpp"

namespace {

// The host is test/support/provider_host.ts's.
constexpr char virtual_address[] = "128.129.0.2";
constexpr char physical_address[] = "11.22.33.44";
constexpr char kept_destination[] = "11.22.33.45";  // on the physical network: no rule names it
constexpr char ruled_destination[] = "1.2.3.4";     // through the tunnel interface: the last rule does

constexpr int batch = 2000;
constexpr int batches = 15;

sockaddr_in name_of(const char* address, int port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<u_short>(port));
    inet_pton(AF_INET, address, &name.sin_addr);
    return name;
}

const sockaddr* generic(const sockaddr_in& name) { return reinterpret_cast<const sockaddr*>(&name); }

SOCKET open_socket(int type) { return WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED); }

// Median of the batches' means, in nanoseconds a call.
template <typename Call>
double cost(Call call) {
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    std::vector<double> means;
    for (int i = 0; i < batches; ++i) {
        LARGE_INTEGER begin;
        LARGE_INTEGER end;
        QueryPerformanceCounter(&begin);
        for (int j = 0; j < batch; ++j) call();
        QueryPerformanceCounter(&end);
        means.push_back(static_cast<double>(end.QuadPart - begin.QuadPart) * 1e9 /
                        static_cast<double>(frequency.QuadPart) / batch);
    }
    std::nth_element(means.begin(), means.begin() + batches / 2, means.end());
    return means[batches / 2];
}

// All rules but the last name networks that nobody goes to.
bool put_rules(int count) {
    const auto tunnel = lsp::system::find_address(*lsp::parse_address(virtual_address));
    if (!tunnel || !tunnel->has_value() || !lsp::setup::create_policy_store()) return false;
    std::wstring text;
    for (int i = 1; i < count; ++i) {
        text += L"to 10." + std::to_wstring(i / 256) + L"." + std::to_wstring(i % 256) + L".0/24 keep";
        text += L'\0';
    }
    const std::string source = physical_address;
    text += L"via " + std::to_wstring((*tunnel)->interface_index) + L" source " +
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

}  // namespace

int main(int argc, char** argv) {
    const bool idle = argc > 1 && std::strcmp(argv[1], "idle") == 0;
    const int others = argc > 1 && !idle ? std::atoi(argv[1]) : 0;
    const int rules = argc > 2 ? std::atoi(argv[2]) : 0;
    WSADATA winsock;
    if (const int error = WSAStartup(MAKEWORD(2, 2), &winsock); error != 0) {
        std::fprintf(stderr, "WSAStartup: error %d\n", error);
        return 1;
    }
    if (rules > 0 && !put_rules(rules)) {
        std::fprintf(stderr, "the rules could not be written\n");
        return 1;
    }
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
