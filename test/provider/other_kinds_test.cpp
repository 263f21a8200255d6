// Sockets that are not of the kind that a chain of ours expects.
#include <doctest/doctest.h>
#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>
#include <ws2spi.h>
#include <ws2tcpip.h>
// Below winsock2.h
#include <windows.h>

#include <iterator>
#include <string>

#include "extension.hpp"
#include "fixture.hpp"
#include "other_process.hpp"
#include "system/catalog.hpp"

using namespace test;

namespace {

// A kind of sockets that Wine has not; the test Winsock's base provider says that a handle is one
// (TEST_WINSOCK_STRANGER).
struct Kind {
    const char* name;
    int family, type, protocol;
};
const Kind kinds[] = {
    {"Hyper-V", 34, SOCK_STREAM, 1},
    {"AF_UNIX", 1, SOCK_STREAM, 0},
    {"Bluetooth", 32, SOCK_STREAM, 3},
    {"another protocol over IPv4", AF_INET, SOCK_STREAM, 132},
};

// Base entries of these kinds, as long as this lives.
class InstalledKinds {
  public:
    InstalledKinds() {
        const auto catalog = lsp::system::enumerate_catalog();
        REQUIRE(catalog);
        for (const auto& entry : *catalog) {
            if (entry.is_base()) add_to(entry.path, entry.info);
            if (entry.is_base()) return;
        }
    }
    ~InstalledKinds() {
        int error = 0;
        WSCDeinstallProvider(&id_, &error);
    }
    InstalledKinds(const InstalledKinds&) = delete;
    InstalledKinds& operator=(const InstalledKinds&) = delete;

  private:
    void add_to(const std::wstring& path, WSAPROTOCOL_INFOW info) {
        WSAPROTOCOL_INFOW infos[std::size(kinds)];
        for (std::size_t i = 0; i < std::size(kinds); ++i) {
            info.iAddressFamily = kinds[i].family;
            info.iSocketType = kinds[i].type;
            info.iProtocol = kinds[i].protocol;
            info.iProtocolMaxOffset = 0;
            infos[i] = info;
        }
        int error = 0;
        REQUIRE(WSCInstallProvider(&id_, path.c_str(), infos, std::size(infos), &error) == 0);
    }
    GUID id_ = {0x5a17e000, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
};

}  // namespace

TEST_SUITE_BEGIN("kinds");

TEST_CASE("no chain claims an inherited handle of another kind, whatever the child asks first") {
    const InstalledKinds installed;
    const Socket s = udp();
    REQUIRE(bind_to(s, "127.0.0.1", 0) == 0);
    for (const Kind& kind : kinds) {
        CAPTURE(std::string(kind.name));
        const std::string what = std::to_string(static_cast<SOCKET>(s)) + ":" + std::to_string(kind.family) + ":" +
                                 std::to_string(kind.type) + ":" + std::to_string(kind.protocol);
        SetEnvironmentVariableA("TEST_WINSOCK_STRANGER", what.c_str());
        for (const char* first : {"getsockopt", "getsockname", "ioctl", "select"}) {
            CAPTURE(std::string(first));
            CHECK(run_self("stranger " + what + " " + first) == 0);
        }
    }
    SetEnvironmentVariableA("TEST_WINSOCK_STRANGER", nullptr);
}

TEST_CASE("an IPv6 socket that nobody knows stays itself when it meets the IPv4 chain's ConnectEx") {
    const PublishedTunnel tunnel;
    // The IPv4 chain's.
    const Socket of_chain = tcp();
    const auto connect_ex = extension<LPFN_CONNECTEX>(of_chain, WSAID_CONNECTEX);
    REQUIRE((connect_ex != nullptr));

    // A socket that somebody else may have used meanwhile.
    const Socket original(WSASocketW(AF_INET6, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED));
    WSAPROTOCOL_INFOW info{};
    REQUIRE(WSADuplicateSocketW(original, GetCurrentProcessId(), &info) == 0);
    const Socket unknown(
        WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED));
    DWORD v6_only = 0;
    REQUIRE(setsockopt(unknown, IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<char*>(&v6_only), sizeof(v6_only)) == 0);

    TcpTarget target(target_address);
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(static_cast<u_short>(target.port()));
    REQUIRE(inet_pton(AF_INET6, ("::ffff:" + std::string(target_address)).c_str(), &name.sin6_addr) == 1);
    WSAOVERLAPPED overlapped{};
    CHECK_FALSE(
        connect_ex(unknown, reinterpret_cast<sockaddr*>(&name), sizeof(name), nullptr, 0, nullptr, &overlapped));
    CHECK(WSAGetLastError() == WSAEINVAL);  // ConnectEx wants a socket that is bound

    // In its own chain it has its rule, as if nothing had happened.
    REQUIRE(connect(unknown, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
    CHECK(target.accepted_from() == physical_address);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("chains");

// A program may ask for ConnectEx once and use it for all its sockets; another LSP below may know its own chain's only.
TEST_CASE("the IPv4 chain's ConnectEx serves an IPv6 socket, whatever is below") {
    const Socket of_chain = tcp();
    const auto connect_ex = extension<LPFN_CONNECTEX>(of_chain, WSAID_CONNECTEX);
    REQUIRE((connect_ex != nullptr));
    const Socket listener(WSASocketW(AF_INET6, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED));
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_addr = in6addr_loopback;
    int length = sizeof(name);
    REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0);
    REQUIRE(listen(listener, 1) == 0);
    REQUIRE(getsockname(listener, reinterpret_cast<sockaddr*>(&name), &length) == 0);

    bool unknown = false;
    SUBCASE("made by the program") {}
    SUBCASE("that nobody knows yet") { unknown = true; }
    const Socket own(WSASocketW(AF_INET6, SOCK_STREAM, 0, nullptr, 0, WSA_FLAG_OVERLAPPED));
    WSAPROTOCOL_INFOW info{};
    if (unknown) REQUIRE(WSADuplicateSocketW(own, GetCurrentProcessId(), &info) == 0);
    const Socket second(
        unknown ? WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED)
                : INVALID_SOCKET);
    const SOCKET s = unknown ? second : own;
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    REQUIRE(bind(s, reinterpret_cast<sockaddr*>(&any), sizeof(any)) == 0);
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = WSACreateEvent();
    const BOOL connected =
        connect_ex(s, reinterpret_cast<sockaddr*>(&name), sizeof(name), nullptr, 0, nullptr, &overlapped);
    const int error = connected ? 0 : WSAGetLastError();
    CHECK((error == 0 || error == WSA_IO_PENDING));
    DWORD bytes = 0, flags = 0;
    if (error == WSA_IO_PENDING) CHECK(WSAGetOverlappedResult(s, &overlapped, &bytes, TRUE, &flags));
    WSACloseEvent(overlapped.hEvent);
}

TEST_SUITE_END();
