#include "commands.hpp"

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>
#include <ws2spi.h>
// Below winsock2.h
#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string>
#include <thread>
#include <vector>

#include "children.hpp"
#include "fixture.hpp"
#include "setup/credentials.hpp"
#include "setup/publishers.hpp"
#include "setup/setup.hpp"
#include "setup/tunnels/policy_store_write.hpp"
#include "system/interfaces.hpp"
#include "system/text.hpp"

namespace test {

namespace {

int report(const lsp::system::Error& error) {
    std::printf("%s\n", error.code.c_str());
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
}

int install(const char* dll) {
    lsp::setup::InstallOptions options;
    options.dll = lsp::system::widen(dll);
    const auto installed = lsp::setup::install_provider(options);
    return installed ? 0 : report(installed.error());
}

int install_over_tcp(const char* dll) {
    const auto catalog = lsp::system::enumerate_catalog();
    if (!catalog) return report(catalog.error());
    std::wstring path = lsp::system::widen(dll);
    std::wstring name = lsp::system::default_provider_name;
    GUID id = lsp::system::provider_guid;
    for (const auto& entry : *catalog) {
        if (!entry.is_base() || entry.info.iAddressFamily != AF_INET || entry.info.iSocketType != SOCK_STREAM) continue;
        WSAPROTOCOL_INFOW base = entry.info;
        DWORD entry_id = 0;
        int error = 0;
#ifdef _WIN64
        const int result = WSCInstallProviderAndChains64_32(&id, path.data(), path.data(), name.data(), XP1_IFS_HANDLES,
                                                            &base, 1, &entry_id, &error);
#else
        const int result =
            WSCInstallProviderAndChains(&id, path.data(), name.data(), XP1_IFS_HANDLES, &base, 1, &entry_id, &error);
#endif
        if (result != 0) std::fprintf(stderr, "error %d\n", error);
        return result == 0 ? 0 : 1;
    }
    return 1;
}

int remove() {
    const auto removed = lsp::setup::remove_provider();
    return removed ? 0 : report(removed.error());
}

int publish(bool delegated) {
    // Not PublishedTunnel, whose checks need a running doctest.
    const auto found = lsp::system::find_address(*lsp::parse_address(virtual_address));
    if (!found || !found->has_value()) return 1;
    lsp::Tunnel tunnel;
    tunnel.name = "published";
    tunnel.interface_index = (*found)->interface_index;
    tunnel.address4 = *lsp::parse_prefix("128.129.0.2/24");
    tunnel.source4 = *lsp::parse_address(physical_address);
    tunnel.publisher = lsp::system::current_process();
    tunnel.delegated = delegated;
    if (delegated) {
        const auto group = lsp::setup::find_account(L"S-1-5-32-545");
        if (!group) return report(group.error());
        const auto allowed = lsp::setup::allow_publishers({*group});
        if (!allowed) return report(allowed.error());
    }
    const auto written = lsp::setup::write_tunnel(tunnel);
    if (!written) return report(written.error());
    std::printf("published\n");
    std::fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

int write_rules(int count, char** lines) {
    const auto written = lsp::setup::write_policy({lines, lines + count});
    return written ? 0 : report(written.error());
}

// As a newer version, or a hand, may have: not what this one would write.
int write_raw_rules(int count, char** lines) {
    if (const auto made = lsp::setup::create_policy_store(); !made) return report(made.error());
    const std::vector<unsigned char> bytes = lsp::stored_rules({lines, lines + count});
    HKEY key = nullptr;
    LSTATUS error =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, lsp::system::policy_store_key, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key);
    if (error != ERROR_SUCCESS) return 1;
    error = RegSetValueExW(key, L"Policy", 0, REG_MULTI_SZ, bytes.data(), static_cast<DWORD>(bytes.size()));
    RegCloseKey(key);
    return error == ERROR_SUCCESS ? 0 : 1;
}

// What becomes of a datagram to each of the addresses.
int reach(int count, char** addresses) {
    for (int i = 0; i < count; ++i) {
        const SOCKET s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
        const int error = connect_to(s, addresses[i], 9);
        std::printf("%s %s\n", addresses[i], error == 0 ? local_address(s).c_str() : std::to_string(error).c_str());
        closesocket(s);
    }
    return 0;
}

// Its own listener, so that nobody else's connection is taken for its own.
void watch_sources(int thread) {
    const SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (bind_to(listener, target_address, 0) != 0 || listen(listener, 5) != 0) std::abort();
    const int port = local_port(listener);
    for (std::string before;; Sleep(10)) {
        const SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
        const int error = connect_to(s, target_address, port);
        std::string seen = "error " + std::to_string(error);
        if (error == 0) {
            sockaddr_in peer{};
            int length = sizeof(peer);
            closesocket(accept(listener, reinterpret_cast<sockaddr*>(&peer), &length));
            seen = text(peer);
        }
        closesocket(s);
        if (seen == before) continue;
        std::printf("%d %s\n", thread, seen.c_str());
        std::fflush(stdout);
        before = seen;
    }
}

int watch(int threads) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(watch_sources, i);
    watch_sources(0);
    return 0;
}

// Uses a handle that this process has inherited, in some way first; then tells whether it is of the base entry of that
// kind. `what`: handle:family:type:protocol.
int use_stranger(const char* what, const std::string& first) {
    unsigned long handle = 0;
    int family = 0, type = 0, protocol = 0;
    if (std::sscanf(what, "%lu:%d:%d:%d", &handle, &family, &type, &protocol) != 4) return 2;
    const SOCKET s = handle;
    if (first == "getsockname") {
        sockaddr_storage name{};
        int length = sizeof(name);
        getsockname(s, reinterpret_cast<sockaddr*>(&name), &length);
    } else if (first == "ioctl") {
        DWORD returned = 0;
        SOCKET base = INVALID_SOCKET;
        WSAIoctl(s, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof(base), &returned, nullptr, nullptr);
    } else if (first == "select") {
        fd_set set{};
        FD_SET(s, &set);
        timeval now{};
        select(0, nullptr, &set, nullptr, &now);
    }
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    if (getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) != 0) return 3;
    if (info.iAddressFamily != family || info.iSocketType != type || info.iProtocol != protocol) return 4;
    return info.ProtocolChain.ChainLen == BASE_PROTOCOL ? 0 : 5;
}

// 0 or the Winsock error.
int connect_once(const char* address, int port) {
    const SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED);
    const int error = connect_to(s, address, port);
    closesocket(s);
    return error;
}

// What each kind of socket comes to in a process that lacks what Windows puts into every environment. (Wine puts it
// into a child's that was started without.)
int try_sockets(const std::string& without) {
    if (without == "SystemRoot") SetEnvironmentVariableW(L"SystemRoot", nullptr);
    if (without == "anything") {
        wchar_t* const block = GetEnvironmentStringsW();
        for (const wchar_t* each = block; *each != 0; each += std::wcslen(each) + 1) {
            const std::wstring name(each, std::wcscspn(each + 1, L"=") + 1);
            SetEnvironmentVariableW(name.c_str(), nullptr);
        }
        FreeEnvironmentStringsW(block);
    }
    WSADATA data;
    std::printf("without %s: WSAStartup %d\n", without.c_str(), WSAStartup(MAKEWORD(2, 2), &data));
    for (const int family : {AF_INET, AF_INET6}) {
        for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
            const SOCKET s = socket(family, type, 0);
            std::printf("socket %d %d: %d\n", family, type, s == INVALID_SOCKET ? WSAGetLastError() : 0);
            closesocket(s);
        }
    }
    return 0;
}

}  // namespace

bool run_command(int argc, char** argv, int& exit_code) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "child" && argc == 3) {
        exit_code = run_child(argv[2]);  // starts Winsock itself, or does not
        return true;
    }
    if (command == "sockets" && argc == 3) {
        exit_code = try_sockets(argv[2]);
        return true;
    }
    WSADATA data;
    if (exit_code = WSAStartup(MAKEWORD(2, 2), &data); exit_code != 0) return true;
    if (command == "install" && argc == 3) {
        exit_code = install(argv[2]);
    } else if (command == "install-tcp" && argc == 3) {
        exit_code = install_over_tcp(argv[2]);
    } else if (command == "remove" && argc == 2) {
        exit_code = remove();
    } else if (command == "publish" && argc == 2) {
        exit_code = publish(false);
    } else if (command == "publish" && argc == 3 && std::string(argv[2]) == "delegated") {
        exit_code = publish(true);
    } else if (command == "rules") {
        exit_code = write_rules(argc - 2, argv + 2);
    } else if (command == "login" && argc == 5) {
        const auto written =
            lsp::setup::write_credential(argv[2], lsp::system::widen(argv[3]), lsp::system::widen(argv[4]));
        exit_code = written ? 0 : report(written.error());
    } else if (command == "raw-rules") {
        exit_code = write_raw_rules(argc - 2, argv + 2);
    } else if (command == "reach") {
        exit_code = reach(argc - 2, argv + 2);
    } else if (command == "stranger" && argc == 4) {
        exit_code = use_stranger(argv[2], argv[3]);
    } else if (command == "connect" && argc == 4) {
        exit_code = connect_once(argv[2], std::atoi(argv[3]));
    } else if (command == "watch" && argc == 3) {
        exit_code = watch(std::atoi(argv[2]));
    } else {
        return false;
    }
    WSACleanup();
    return true;
}

}  // namespace test
