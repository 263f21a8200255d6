// What a running process meets when another one changes the catalog, and when ws2_32 starts our hidden entry.
#include <doctest/doctest.h>
#include <winsock2.h>
// Below winsock2.h
#include <ws2spi.h>
// Below winsock2.h
#include <windows.h>

#include <cstdlib>
#include <string>

#include "fixture.hpp"
#include "other_process.hpp"
#include "system/catalog.hpp"
#include "system/text.hpp"

using namespace test;

namespace {

DWORD entry_of(SOCKET s) {
    WSAPROTOCOL_INFOW info{};
    int length = sizeof(info);
    return getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0
               ? info.dwCatalogEntryId
               : 0;
}

bool is_ours(DWORD entry_id) {
    const auto catalog = lsp::system::enumerate_catalog();
    REQUIRE(catalog);
    for (const auto& entry : *catalog) {
        if (entry.info.dwCatalogEntryId == entry_id) return entry.ours;
    }
    return false;
}

void remove_in_another_process() { REQUIRE(run_self("remove") == 0); }

void install_in_another_process() {
    const char* const dll = std::getenv("TEST_LSP_DLL");
    REQUIRE(dll != nullptr);
    REQUIRE(run_self("install \"" + std::string(dll) + "\"") == 0);
}

// A client comes, and the two talk.
void serve_one(SOCKET listener) {
    const Socket client = tcp();
    REQUIRE(connect_to(client, "127.0.0.1", local_port(listener)) == 0);
    sockaddr_in peer{};
    int length = sizeof(peer);
    const SOCKET accepted = accept(listener, reinterpret_cast<sockaddr*>(&peer), &length);
    REQUIRE_MESSAGE(accepted != INVALID_SOCKET, "accept: error ", WSAGetLastError());
    const Socket server(accepted);
    char byte = 'a';
    CHECK(send(server, &byte, 1, 0) == 1);
    CHECK(recv(client, &byte, 1, 0) == 1);
    CHECK(shutdown(client, SD_SEND) == 0);
    CHECK(recv(server, &byte, 1, 0) == 0);
    CHECK(peer.sin_port == htons(static_cast<u_short>(local_port(client))));
}

}  // namespace

TEST_SUITE_BEGIN("catalog");

TEST_CASE("a server that listens goes on accepting while other processes remove, install again and remove") {
    const Socket listener = tcp();
    REQUIRE(bind_to(listener, "127.0.0.1", 0) == 0);
    REQUIRE(listen(listener, 5) == 0);
    REQUIRE(is_ours(entry_of(listener)));
    serve_one(listener);
    remove_in_another_process();
    CHECK_FALSE(is_ours(entry_of(tcp())));
    serve_one(listener);
    install_in_another_process();
    CHECK(is_ours(entry_of(tcp())));
    serve_one(listener);
    remove_in_another_process();
    serve_one(listener);
    install_in_another_process();
    serve_one(listener);
}

TEST_CASE("a socket that was made before a removal is duplicated after it") {
    const UdpTarget target("127.0.0.1");
    const Socket s = udp();
    REQUIRE(bind_to(s, "127.0.0.1", 0) == 0);
    REQUIRE(is_ours(entry_of(s)));
    const auto reopened = [&] {
        WSAPROTOCOL_INFOW info{};
        REQUIRE(WSADuplicateSocketW(s, GetCurrentProcessId(), &info) == 0);
        const SOCKET same =
            WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
        REQUIRE_MESSAGE(same != INVALID_SOCKET, "WSASocket: error ", WSAGetLastError());
        return Socket(same);
    };
    CHECK(is_ours(entry_of(reopened())));
    remove_in_another_process();
    {
        const Socket same = reopened();
        CHECK_FALSE(is_ours(entry_of(same)));
        CHECK(local_port(same) == local_port(s));
        CHECK(send_to(same, "127.0.0.1", target.port()) == 0);
    }
    install_in_another_process();
}

TEST_SUITE_END();

// Of a process of its own: the others have started chains.
TEST_SUITE_BEGIN("hidden");

TEST_CASE("sockets of ever new hidden entries work, and take no place from the chains that come after") {
    const auto catalog = lsp::system::enumerate_catalog();
    REQUIRE(catalog);
    WSAPROTOCOL_INFOW hidden{};
    std::wstring path;
    for (const auto& entry : *catalog) {
        if (!entry.ours || entry.is_base() || entry.is_chain()) continue;
        hidden = entry.info;
        path = entry.path;
    }
    REQUIRE_FALSE(path.empty());
    // More than there is room for chains in a process.
    constexpr unsigned short count = 14;
    GUID id = hidden.ProviderId;
    for (unsigned short i = 0; i < count; ++i) {
        id.Data2 = i;
        int error = 0;
        REQUIRE(WSCInstallProvider(&id, path.c_str(), &hidden, 1, &error) == 0);
    }
    const auto changed = lsp::system::enumerate_catalog();
    REQUIRE(changed);
    int opened = 0;
    for (const auto& entry : *changed) {
        if (entry.path != path || entry.info.ProtocolChain.ChainLen != LAYERED_PROTOCOL) continue;
        WSAPROTOCOL_INFOW info = entry.info;
        const SOCKET made = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, &info, 0, WSA_FLAG_OVERLAPPED);
        REQUIRE_MESSAGE(made != INVALID_SOCKET, "error ", WSAGetLastError());
        const Socket s(made);
        CHECK(bind_to(s, "127.0.0.1", 0) == 0);
        ++opened;
    }
    CHECK(opened == count + 1);
    for (unsigned short i = 0; i < count; ++i) {
        id.Data2 = i;
        int error = 0;
        CHECK(WSCDeinstallProvider(&id, &error) == 0);
    }
    // A chain that this process has not started yet has its rule.
    const PublishedTunnel tunnel;
    UdpTarget target(target_address);
    const Socket s = udp();
    CHECK(send_to(s, target_address, target.port()) == 0);
    CHECK(target.received_from() == physical_address);
}

TEST_SUITE_END();
