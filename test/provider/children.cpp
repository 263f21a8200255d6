#include "children.hpp"

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>
#include <ws2spi.h>
// Below winsock2.h
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "extension.hpp"
#include "fixture.hpp"
#include "system/catalog.hpp"
#include "system/policy_store.hpp"

namespace test {

namespace {

unsigned failed(const std::string& what) {
    std::printf("%s (error %lu)\n", what.c_str(), GetLastError());
    std::fflush(stdout);
    return 1;
}

SOCKET open_socket(int type) { return WSASocketW(AF_INET, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED); }

// Sockets in every state, an operation of each kind pending, threads inside of calls.
bool become_busy() {
    WSADATA winsock;
    if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0) return false;
    static char data[256];
    static WSABUF buffer{sizeof(data), data};
    static WSAOVERLAPPED pending[5];
    static DWORD flags = 0;

    const SOCKET listener = open_socket(SOCK_STREAM);
    bind_to(listener, "127.0.0.1", 0);
    listen(listener, 5);
    const SOCKET client = open_socket(SOCK_STREAM);
    if (connect_to(client, "127.0.0.1", local_port(listener)) != 0) return false;
    const SOCKET server = accept(listener, nullptr, nullptr);
    WSARecv(client, &buffer, 1, nullptr, &flags, &pending[0], nullptr);

    DWORD received = 0;
    const SOCKET accepted = open_socket(SOCK_STREAM);
    extension<LPFN_ACCEPTEX>(listener, WSAID_ACCEPTEX)(listener, accepted, data, 0, 32, 32, &received, &pending[1]);

    // Nobody answers at this address of the physical network.
    const SOCKET connecting = open_socket(SOCK_STREAM);
    bind_to(connecting, "0.0.0.0", 0);
    const sockaddr_in nobody = address("11.22.33.99", 9);
    extension<LPFN_CONNECTEX>(connecting, WSAID_CONNECTEX)(connecting, reinterpret_cast<const sockaddr*>(&nobody),
                                                           sizeof(nobody), nullptr, 0, nullptr, &pending[2]);

    const SOCKET datagrams = open_socket(SOCK_DGRAM);
    bind_to(datagrams, "0.0.0.0", 0);
    send_to(datagrams, target_address, 9);
    WSARecvFrom(datagrams, &buffer, 1, nullptr, &flags, nullptr, nullptr, &pending[3], nullptr);
    bind_to(open_socket(SOCK_DGRAM), "0.0.0.0", 0);  // deferred

    const HANDLE port = CreateIoCompletionPort(reinterpret_cast<HANDLE>(open_socket(SOCK_DGRAM)), nullptr, 0, 0);
    std::thread([=] {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED* done;
        GetQueuedCompletionStatus(port, &bytes, &key, &done, INFINITE);
    }).detach();
    std::thread([=] { recv(server, data, 1, 0); }).detach();
    std::thread([] {
        const SOCKET waiting = open_socket(SOCK_DGRAM);
        bind_to(waiting, "127.0.0.1", 0);
        fd_set set{};
        FD_SET(waiting, &set);
        select(0, &set, nullptr, nullptr, nullptr);
    }).detach();
    for (int i = 0; i < 4; ++i) {
        std::thread([] {
            for (;;) {
                const SOCKET s = open_socket(SOCK_DGRAM);
                send_to(s, target_address, 9);
                closesocket(s);
            }
        }).detach();
    }
    Sleep(50);
    return true;
}

template <typename End>
unsigned busy_until(End end) {
    if (!become_busy()) return failed("becoming busy");
    end();
    Sleep(5000);
    return failed("still alive");
}

unsigned busy_and_return() { return become_busy() ? child_succeeded : failed("becoming busy"); }

unsigned busy_and_clean_up() {
    if (!become_busy()) return failed("becoming busy");
    return WSACleanup() == 0 ? child_succeeded : failed("WSACleanup");
}

std::wstring lsp_path() {
    const auto catalog = lsp::system::enumerate_catalog();
    if (!catalog) return {};
    for (const auto& entry : *catalog) {
        if (!entry.ours) continue;
        wchar_t path[MAX_PATH];
        ExpandEnvironmentStringsW(entry.path.c_str(), path, MAX_PATH);
        return path;
    }
    return {};
}

unsigned load_and_free() {
    WSADATA winsock;
    WSAStartup(MAKEWORD(2, 2), &winsock);
    const std::wstring path = lsp_path();
    WSACleanup();
    for (int round = 0; round < 20; ++round) {
        const HMODULE module = LoadLibraryW(path.c_str());
        if (module == nullptr) return failed("LoadLibrary");
        const auto tell_id =
            reinterpret_cast<void(WSPAPI*)(GUID*)>(reinterpret_cast<void*>(GetProcAddress(module, "GetLspGuid")));
        GUID id{};
        tell_id(&id);
        tell_id(nullptr);
        if (!IsEqualGUID(id, lsp::system::provider_guid)) return failed("GetLspGuid");
        FreeLibrary(module);
        if (GetModuleHandleW(path.c_str()) != nullptr) return failed("the DLL stays, although nobody started it");
    }
    return child_succeeded;
}

unsigned bad_startup() {
    WSADATA winsock;
    WSAStartup(MAKEWORD(2, 2), &winsock);
    const HMODULE module = LoadLibraryW(lsp_path().c_str());
    const auto start = reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(module, "WSPStartup")));
    WSPDATA data{};
    WSAPROTOCOL_INFOW none{};
    WSPPROC_TABLE table{};
    const WSPUPCALLTABLE upcalls{};
    if (start(MAKEWORD(2, 2), nullptr, &none, upcalls, &table) != WSAEFAULT) return failed("no data");
    if (start(MAKEWORD(2, 2), &data, nullptr, upcalls, &table) != WSAEFAULT) return failed("no protocol info");
    if (start(MAKEWORD(2, 2), &data, &none, upcalls, nullptr) != WSAEFAULT) return failed("no table");
    if (start(MAKEWORD(1, 1), &data, &none, upcalls, &table) != WSAVERNOTSUPPORTED) return failed("version 1.1");
    if (start(MAKEWORD(2, 2), &data, &none, upcalls, &table) != WSAEPROVIDERFAILEDINIT) return failed("no chain");
    return child_succeeded;
}

int environment_number(const char* name, int otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::atoi(text);
}

// The last WSACleanup of one thread meets the first WSAStartup of another.
unsigned start_and_clean_up() {
    const int rounds = environment_number("TEST_STARTUP_ROUNDS", 15);
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; ++number) {
        threads.emplace_back([&, number] {
            for (int round = 0; round < rounds; ++round) {
                WSADATA winsock;
                if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0) ++failures;
                const int type = (round + number) % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM;
                const int family = (round + number) % 3 == 0 ? AF_INET6 : AF_INET;
                const SOCKET s = WSASocketW(family, type, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
                if (s == INVALID_SOCKET) ++failures;
                if (family == AF_INET && bind_to(s, "0.0.0.0", 0) != 0) ++failures;
                if (family == AF_INET && type == SOCK_DGRAM) send_to(s, target_address, 9);
                if (closesocket(s) != 0) ++failures;
                if (WSACleanup() != 0) ++failures;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    return failures == 0 ? child_succeeded : failed(std::to_string(failures) + " calls failed");
}

SOCKET WSPAPI keep_handle(DWORD, SOCKET s, LPINT) { return s; }

// Calls that do not concern addresses must cost nothing: they are the lower provider's own procedures.
bool has_lower_procedures(const WSAPROTOCOL_INFOW& chain, const WSPPROC_TABLE& ours) {
    const auto lower = lsp::system::lower_provider(chain);
    if (!lower) return false;
    const HMODULE module = LoadLibraryW(lower->path.c_str());
    const auto start = reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(module, "WSPStartup")));
    WSPUPCALLTABLE upcalls{};
    upcalls.lpWPUModifyIFSHandle = keep_handle;
    WSAPROTOCOL_INFOW info = lower->startup_info;
    WSPDATA data{};
    WSPPROC_TABLE theirs{};
    if (start == nullptr || start(MAKEWORD(2, 2), &data, &info, upcalls, &theirs) != 0) return false;
    const bool stream = chain.iSocketType == SOCK_STREAM;
    // Sends, and a stream's receives, cost a look: the socket may be unchecked (provider/check.hpp).
    return ours.lpWSPSend != theirs.lpWSPSend && ours.lpWSPShutdown == theirs.lpWSPShutdown &&
           ours.lpWSPGetPeerName == theirs.lpWSPGetPeerName &&
           ours.lpWSPGetOverlappedResult == theirs.lpWSPGetOverlappedResult && ours.lpWSPRecv != theirs.lpWSPRecv &&
           (ours.lpWSPSendTo == theirs.lpWSPSendTo) == stream && ours.lpWSPConnect != theirs.lpWSPConnect;
}

// WSPStartup and WSPCleanup themselves, for every chain at once, and more cleaning up than starting.
unsigned start_all_chains() {
    WSADATA winsock;
    WSAStartup(MAKEWORD(2, 2), &winsock);
    const auto catalog = lsp::system::enumerate_catalog();
    const HMODULE module = LoadLibraryW(lsp_path().c_str());
    const auto start = reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(module, "WSPStartup")));
    const int rounds = environment_number("TEST_STARTUP_ROUNDS", 15);
    std::atomic<int> failures{0};
    std::atomic<int> chains{0};
    std::vector<std::thread> threads;
    for (const auto& entry : *catalog) {
        if (!entry.ours || !entry.is_chain()) continue;
        ++chains;
        for (int twin = 0; twin < 2; ++twin) {
            threads.emplace_back([&failures, start, rounds, info = entry.info]() mutable {
                WSPUPCALLTABLE upcalls{};
                upcalls.lpWPUModifyIFSHandle = keep_handle;
                WSPPROC_TABLE first{};
                for (int round = 0; round < rounds; ++round) {
                    WSPDATA data{};
                    WSPPROC_TABLE table{};
                    if (start(MAKEWORD(2, 2), &data, &info, upcalls, &table) != 0) {
                        ++failures;
                        continue;
                    }
                    // The same chain has the same procedures: programs keep pointers to them.
                    if (round == 0) {
                        first = table;
                        if (!has_lower_procedures(info, table)) ++failures;
                    }
                    if (std::memcmp(&first, &table, sizeof(table)) != 0) ++failures;
                    int error = 0;
                    const SOCKET s = table.lpWSPSocket(info.iAddressFamily, info.iSocketType, info.iProtocol, &info, 0,
                                                       WSA_FLAG_OVERLAPPED, &error);
                    // A raw socket needs a right that Wine's host may not give.
                    if (s == INVALID_SOCKET && info.iSocketType != SOCK_RAW) ++failures;
                    if (s != INVALID_SOCKET) table.lpWSPCloseSocket(s, &error);
                    table.lpWSPCleanup(&error);
                    if (round % 10 == 9) table.lpWSPCleanup(&error);
                }
            });
        }
    }
    for (std::thread& thread : threads) thread.join();
    if (chains < 4) return failed("only " + std::to_string(chains) + " chains");
    return failures == 0 ? child_succeeded : failed(std::to_string(failures) + " failures");
}

// Installed and removed again and again while a program runs: each time its chains have other ids.
unsigned start_ever_new_chains() {
    WSADATA winsock;
    WSAStartup(MAKEWORD(2, 2), &winsock);
    const auto catalog = lsp::system::enumerate_catalog();
    const auto ours = std::find_if(catalog->begin(), catalog->end(),
                                   [](const auto& entry) { return entry.ours && entry.is_chain(); });
    if (ours == catalog->end()) return failed("no chain");
    const HMODULE module = LoadLibraryW(lsp_path().c_str());
    const auto start = reinterpret_cast<LPWSPSTARTUP>(reinterpret_cast<void*>(GetProcAddress(module, "WSPStartup")));
    WSPUPCALLTABLE upcalls{};
    upcalls.lpWPUModifyIFSHandle = keep_handle;
    WSAPROTOCOL_INFOW info = ours->info;
    int hooked = 0;
    for (const bool cleaned_up : {true, false}) {
        WSPPROC_TABLE tables[100];
        hooked = 0;
        for (WSPPROC_TABLE& table : tables) {
            ++info.dwCatalogEntryId;
            WSPDATA data{};
            if (const int error = start(MAKEWORD(2, 2), &data, &info, upcalls, &table); error != 0) {
                return failed("WSPStartup of another chain: " + std::to_string(error));
            }
            int error = 0;
            const SOCKET s = table.lpWSPSocket(info.iAddressFamily, info.iSocketType, info.iProtocol, &info, 0,
                                               WSA_FLAG_OVERLAPPED, &error);
            if (s == INVALID_SOCKET) return failed("WSPSocket of another chain: " + std::to_string(error));
            // Some are kept, as a server's across installations.
            if (cleaned_up) table.lpWSPCloseSocket(s, &error);
            if (has_lower_procedures(info, table)) ++hooked;
            if (cleaned_up) table.lpWSPCleanup(&error);
        }
        if (hooked != 100) return failed(std::to_string(hooked) + " of 100 chains are ours");
    }
    return child_succeeded;
}

// A handle that the program closed like a file is asked for what the lower provider can do.
unsigned send_on_a_closed_handle() {
    const auto stored = lsp::system::read_policy();
    if (!stored) return failed("cannot read the policy");
    WSADATA winsock;
    WSAStartup(MAKEWORD(2, 2), &winsock);
    const SOCKET closed = open_socket(SOCK_DGRAM);
    CloseHandle(reinterpret_cast<HANDLE>(closed));
    send_to(closed, target_address, 9);
    const SOCKET s = open_socket(SOCK_DGRAM);
    if (send_to(s, target_address, 9) != 0) return failed("sendto");
    // Without WSASendMsg the socket would have been bound to the source.
    return local_address(s) == "0.0.0.0" ? child_succeeded : failed("the socket is bound to " + local_address(s));
}

// The first calls of a process are made by many threads at once, on two chains: none may go before the policy is there.
unsigned first_calls() {
    const auto stored = lsp::system::read_policy();
    if (!stored) return failed("cannot read the policy");
    const bool published = !stored->tunnels.empty();
    WSADATA winsock;
    if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0) return failed("WSAStartup");
    std::atomic<bool> go{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 32; ++i) {
        threads.emplace_back([&, i] {
            while (!go) std::this_thread::yield();
            const SOCKET s = open_socket(i % 2 == 0 ? SOCK_DGRAM : SOCK_STREAM);
            const int error = connect_to(s, target_address, 9);  // nobody is there; what it was bound to stays
            const std::string source = local_address(s);
            const bool lost = is_lost_by_wine(error) || is_lost_by_wine(source);
            if (!lost && (source == physical_address) != published) ++wrong;
            closesocket(s);
        });
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    return wrong == 0 ? child_succeeded : failed(std::to_string(wrong) + " of the first 32 calls went by no policy");
}

}  // namespace

const Child children[child_count] = {
    {"ends by ExitProcess while busy", [] { return busy_until([] { ExitProcess(child_succeeded); }); }},
    {"ends by TerminateProcess while busy",
     [] { return busy_until([] { TerminateProcess(GetCurrentProcess(), child_succeeded); }); }},
    {"ends by exit in another thread while busy",
     [] { return busy_until([] { std::thread([] { std::exit(child_succeeded); }).detach(); }); }},
    {"returns from main while busy", busy_and_return},
    {"cleans up and returns from main while busy", busy_and_clean_up},
    {"loads the DLL, never starts it, frees it, twenty times", load_and_free},
    {"calls WSPStartup with bad arguments", bad_startup},
    {"starts and cleans up Winsock again and again in eight threads", start_and_clean_up},
    {"starts and cleans up all chains at once", start_all_chains},
    {"starts chains with ever new ids", start_ever_new_chains},
    {"sends on a handle that it closed like a file", send_on_a_closed_handle},
    {"makes its first calls in 32 threads at once", first_calls},
};

int run_child(const char* name) {
    for (const Child& child : children) {
        if (std::strcmp(child.name, name) == 0) return static_cast<int>(child.run());
    }
    return static_cast<int>(failed(std::string("no such child: ") + name));
}

}  // namespace test
