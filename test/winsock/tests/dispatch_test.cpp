// Each way in which programs use sockets, straight on the base provider and through a layered one.
#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "winsock_session.h"

using namespace winsock_test;

namespace {
WSABUF bufferOf(char* data, std::size_t size) { return {static_cast<ULONG>(size), data}; }

struct EventOverlapped : WSAOVERLAPPED {
    EventOverlapped() : WSAOVERLAPPED{} { hEvent = WSACreateEvent(); }
    ~EventOverlapped() { WSACloseEvent(hEvent); }
    EventOverlapped(const EventOverlapped&) = delete;
    EventOverlapped& operator=(const EventOverlapped&) = delete;
};

class CompletionPort {
  public:
    explicit CompletionPort(std::initializer_list<SOCKET> sockets) {
        port_ = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
        for (SOCKET socket : sockets)
            REQUIRE(CreateIoCompletionPort(reinterpret_cast<HANDLE>(socket), port_, socket, 0) == port_);
    }
    ~CompletionPort() { CloseHandle(port_); }
    CompletionPort(const CompletionPort&) = delete;
    CompletionPort& operator=(const CompletionPort&) = delete;

    struct Completion {
        bool ok;
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED* overlapped;
    };
    Completion wait() {
        Completion completion{};
        completion.ok =
            GetQueuedCompletionStatus(port_, &completion.bytes, &completion.key, &completion.overlapped, 5000);
        return completion;
    }

  private:
    HANDLE port_;
};

// Runs the body over every chain, as a subcase each.
template <typename Body>
void overEveryChain(Body body) {
    for (Chain chain : allChains) {
        CAPTURE(nameOf(chain));
        WinsockSession session(chain);
        body(chain);
    }
}
}  // namespace

TEST_CASE("blocking TCP") {
    overEveryChain([](Chain) {
        Pair pair;
        char data[16] = {};
        CHECK(send(pair.client, "hello", 5, 0) == 5);
        CHECK(recv(pair.server, data, sizeof data, 0) == 5);
        CHECK(std::string(data) == "hello");
        CHECK(shutdown(pair.client, SD_SEND) == 0);
        CHECK(recv(pair.server, data, sizeof data, 0) == 0);

        sockaddr_in peer{}, own{};
        int peerLength = sizeof peer, ownLength = sizeof own;
        CHECK(getpeername(pair.server, reinterpret_cast<sockaddr*>(&peer), &peerLength) == 0);
        CHECK(getsockname(pair.client, reinterpret_cast<sockaddr*>(&own), &ownLength) == 0);
        CHECK(peer.sin_port == own.sin_port);
    });
}

TEST_CASE("blocking UDP") {
    overEveryChain([](Chain) {
        Socket a(SOCK_DGRAM, IPPROTO_UDP), b(SOCK_DGRAM, IPPROTO_UDP);
        const sockaddr_in to = bindTo(b);
        CHECK(sendto(a, "datagram", 8, 0, asAddress(to), sizeof to) == 8);
        char data[16];
        sockaddr_in from{};
        int fromLength = sizeof from;
        CHECK(recvfrom(b, data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &fromLength) == 8);
        sockaddr_in own{};
        int ownLength = sizeof own;
        CHECK(getsockname(a, reinterpret_cast<sockaddr*>(&own), &ownLength) == 0);
        CHECK(from.sin_port == own.sin_port);
    });
}

TEST_CASE("overlapped with an event: pending, then complete") {
    overEveryChain([](Chain) {
        Pair pair;
        EventOverlapped overlapped;
        char data[16];
        WSABUF buffer = bufferOf(data, sizeof data);
        DWORD flags = 0, received = 0;
        CHECK(WSARecv(pair.server, &buffer, 1, &received, &flags, &overlapped, nullptr) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSA_IO_PENDING);
        CHECK_FALSE(WSAGetOverlappedResult(pair.server, &overlapped, &received, FALSE, &flags));
        CHECK(WSAGetLastError() == WSA_IO_INCOMPLETE);
        CHECK(send(pair.client, "abc", 3, 0) == 3);
        CHECK(WSAGetOverlappedResult(pair.server, &overlapped, &received, TRUE, &flags));
        CHECK(received == 3);
    });
}

namespace {
DWORD routineBytes;
DWORD routineThread;
void CALLBACK completionRoutine(DWORD, DWORD bytes, LPWSAOVERLAPPED, DWORD) {
    routineBytes = bytes;
    routineThread = GetCurrentThreadId();
}
}  // namespace

TEST_CASE("overlapped with a completion routine, which runs on the caller's thread") {
    overEveryChain([](Chain) {
        Pair pair;
        WSAOVERLAPPED overlapped{};
        char data[16];
        WSABUF buffer = bufferOf(data, sizeof data);
        DWORD flags = 0;
        routineBytes = routineThread = 0;
        WSARecv(pair.server, &buffer, 1, nullptr, &flags, &overlapped, completionRoutine);
        CHECK(send(pair.client, "abcd", 4, 0) == 4);
        CHECK(SleepEx(5000, TRUE) == WAIT_IO_COMPLETION);
        CHECK(routineBytes == 4);
        CHECK(routineThread == GetCurrentThreadId());
    });
}

TEST_CASE("ConnectEx and AcceptEx on a completion port") {
    overEveryChain([](Chain) {
        Socket listener(SOCK_STREAM, IPPROTO_TCP), client(SOCK_STREAM, IPPROTO_TCP), server(SOCK_STREAM, IPPROTO_TCP);
        const sockaddr_in address = bindTo(listener);
        REQUIRE(listen(listener, 5) == 0);
        bindTo(client, loopback("0.0.0.0"));
        CompletionPort port{listener, client};
        const auto acceptEx = extension<LPFN_ACCEPTEX>(listener, WSAID_ACCEPTEX);
        const auto connectEx = extension<LPFN_CONNECTEX>(client, WSAID_CONNECTEX);
        REQUIRE(bool(acceptEx));
        REQUIRE(bool(connectEx));

        OVERLAPPED accepting{}, connecting{};
        char addresses[2 * (sizeof(sockaddr_in) + 16)];
        DWORD received = 0;
        CHECK_FALSE(acceptEx(listener, server, addresses, 0, sizeof(sockaddr_in) + 16, sizeof(sockaddr_in) + 16,
                             &received, &accepting));
        CHECK(WSAGetLastError() == ERROR_IO_PENDING);
        const BOOL connected = connectEx(client, asAddress(address), sizeof address, nullptr, 0, nullptr, &connecting);
        CHECK((connected || WSAGetLastError() == ERROR_IO_PENDING));
        std::set<OVERLAPPED*> completed;
        for (int i = 0; i < 2; i++) {
            const auto completion = port.wait();
            CHECK(completion.ok);
            completed.insert(completion.overlapped);
        }
        CHECK(completed == std::set<OVERLAPPED*>{&accepting, &connecting});
        const SOCKET listening = listener;
        CHECK(setsockopt(server, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, reinterpret_cast<const char*>(&listening),
                         sizeof listening) == 0);
        CHECK(setsockopt(client, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0) == 0);
        CHECK(send(client, "x", 1, 0) == 1);
        char byte = 0;
        CHECK(recv(server, &byte, 1, 0) == 1);
        CHECK(byte == 'x');
    });
}

TEST_CASE("select sees what is readable and what is not") {
    overEveryChain([](Chain) {
        Pair pair;
        const auto ready = [](SOCKET socket) {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(socket, &set);
            timeval timeout = {0, 200000};
            return select(0, &set, nullptr, nullptr, &timeout);
        };
        CHECK(ready(pair.server) == 0);
        send(pair.client, "x", 1, 0);
        CHECK(ready(pair.server) == 1);
        CHECK(select(0, nullptr, nullptr, nullptr, nullptr) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSAEINVAL);
    });
}

TEST_CASE("WSAPoll, WSAEventSelect and WSAEnumNetworkEvents") {
    overEveryChain([](Chain) {
        Pair pair;
        WSAPOLLFD poll = {pair.server, POLLRDNORM, 0};
        CHECK(WSAPoll(&poll, 1, 100) == 0);
        WSAEVENT event = WSACreateEvent();
        CHECK(WSAEventSelect(pair.server, event, FD_READ) == 0);
        CHECK(WSAWaitForMultipleEvents(1, &event, FALSE, 100, FALSE) == WSA_WAIT_TIMEOUT);
        send(pair.client, "x", 1, 0);
        CHECK(WSAWaitForMultipleEvents(1, &event, FALSE, 5000, FALSE) == WSA_WAIT_EVENT_0);
        WSANETWORKEVENTS events{};
        CHECK(WSAEnumNetworkEvents(pair.server, event, &events) == 0);
        CHECK(events.lNetworkEvents == FD_READ);
        CHECK(WSAPoll(&poll, 1, 1000) == 1);
        CHECK(poll.fd == pair.server);
        CHECK((poll.revents & POLLRDNORM) != 0);
        WSACloseEvent(event);
    });
}

TEST_CASE("SO_PROTOCOL_INFO names the topmost entry, and SIO_BASE_HANDLE the socket itself") {
    overEveryChain([](Chain chain) {
        Socket socket(SOCK_STREAM, IPPROTO_TCP);
        WSAPROTOCOL_INFOW wide{};
        WSAPROTOCOL_INFOA narrow{};
        int length = sizeof wide;
        REQUIRE(getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&wide), &length) == 0);
        length = sizeof narrow;
        REQUIRE(getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOA, reinterpret_cast<char*>(&narrow), &length) == 0);
        CHECK(wide.ProtocolChain.ChainLen == (chain == Chain::base ? 1 : 2));
        CHECK(wide.dwCatalogEntryId == readCatalog().front().dwCatalogEntryId);
        CHECK(narrow.dwCatalogEntryId == wide.dwCatalogEntryId);
        CHECK((wide.dwServiceFlags1 & XP1_IFS_HANDLES) != 0);

        SOCKET base = INVALID_SOCKET;
        DWORD returned = 0;
        CHECK(WSAIoctl(socket, SIO_BASE_HANDLE, nullptr, 0, &base, sizeof base, &returned, nullptr, nullptr) == 0);
        CHECK(base == socket);
    });
}

TEST_CASE("accepted sockets belong to the chain of their listener") {
    overEveryChain([](Chain) {
        Pair pair;
        WSAPROTOCOL_INFOW info{};
        int length = sizeof info;
        REQUIRE(getsockopt(pair.server, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0);
        CHECK(info.dwCatalogEntryId == readCatalog().front().dwCatalogEntryId);
    });
}

TEST_CASE("a handle that Winsock has never seen is asked for at the providers") {
    overEveryChain([](Chain) {
        const HMODULE system = GetModuleHandleW(L"wine_ws2_32.dll");
        const auto create =
            reinterpret_cast<decltype(&::socket)>(reinterpret_cast<void*>(GetProcAddress(system, "socket")));
        const SOCKET stranger = create(AF_INET, SOCK_DGRAM, 0);
        REQUIRE(stranger != INVALID_SOCKET);
        CHECK(bindTo(stranger).sin_port != 0);
        CHECK(closesocket(stranger) == 0);
        Socket counted(SOCK_DGRAM, 0);  // at least one call of the chain's own
    });
}

TEST_CASE("a handle closed behind Winsock's back may become anything") {
    overEveryChain([](Chain) {
        const SOCKET gone = socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(gone != INVALID_SOCKET);
        CloseHandle(reinterpret_cast<HANDLE>(gone));
        CHECK(listen(gone, 1) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSAENOTSOCK);
        // The same value again, as another protocol's socket (Wine gives the lowest free handle value).
        Socket again(SOCK_DGRAM, IPPROTO_UDP);
        int type = 0;
        int length = sizeof type;
        CHECK(getsockopt(again, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &length) == 0);
        CHECK(type == SOCK_DGRAM);
        CHECK(bindTo(again).sin_port != 0);
    });
}

TEST_CASE("WSADuplicateSocket hands a socket over") {
    overEveryChain([](Chain) {
        Pair pair;
        WSAPROTOCOL_INFOW info{};
        REQUIRE(WSADuplicateSocketW(pair.client, GetCurrentProcessId(), &info) == 0);
        CHECK(info.dwCatalogEntryId == readCatalog().front().dwCatalogEntryId);
        Socket copy(
            WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED));
        REQUIRE(copy != INVALID_SOCKET);
        CHECK(copy != pair.client);
        CHECK(send(copy, "x", 1, 0) == 1);
        char byte;
        CHECK(recv(pair.server, &byte, 1, 0) == 1);
    });
}

TEST_CASE("what a socket may be, and the error for what it may not") {
    overEveryChain([](Chain) {
        const struct {
            int family, type, protocol, error;
        } situations[] = {
            {AF_INET, SOCK_STREAM, 0, 0},
            {AF_INET, SOCK_STREAM, IPPROTO_TCP, 0},
            {AF_INET, SOCK_DGRAM, 0, 0},
            {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 0},
            {AF_INET, 0, IPPROTO_UDP, 0},
            {AF_INET, SOCK_RAW, IPPROTO_RAW, 0},
            {AF_UNSPEC, SOCK_STREAM, IPPROTO_TCP, 0},
            {AF_INET, SOCK_STREAM, IPPROTO_UDP, WSAEPROTONOSUPPORT},
            {AF_INET, SOCK_SEQPACKET, 0, WSAESOCKTNOSUPPORT},
            {AF_IPX, SOCK_STREAM, 0, WSAEAFNOSUPPORT},
            {0, 0, 0, WSAEINVAL},
        };
        for (const auto& situation : situations) {
            CAPTURE(situation.family);
            CAPTURE(situation.type);
            CAPTURE(situation.protocol);
            WSASetLastError(0);
            Socket created(::socket(situation.family, situation.type, situation.protocol));
            CHECK((created == INVALID_SOCKET) == (situation.error != 0));
            if (situation.error) CHECK(WSAGetLastError() == situation.error);
        }
    });
}

TEST_CASE("calls on what is no socket, and before WSAStartup") {
    overEveryChain([](Chain) {
        for (SOCKET none : {SOCKET{INVALID_SOCKET}, SOCKET{0}, SOCKET{0x00fffffc}}) {
            CHECK(listen(none, 1) == SOCKET_ERROR);
            CHECK(WSAGetLastError() == WSAENOTSOCK);
        }
        HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        CHECK(closesocket(reinterpret_cast<SOCKET>(event)) == SOCKET_ERROR);
        CHECK(WSAGetLastError() == WSAENOTSOCK);
        CloseHandle(event);
        Socket counted(SOCK_DGRAM, 0);
    });
    CHECK(socket(AF_INET, SOCK_STREAM, 0) == INVALID_SOCKET);
    CHECK(WSAGetLastError() == WSANOTINITIALISED);
    CHECK(WSACleanup() == SOCKET_ERROR);
    CHECK(WSAGetLastError() == WSANOTINITIALISED);
}

TEST_CASE("a process keeps the catalog of its first WSAStartup, until it has cleaned up") {
    FreshCatalog catalog;
    WSADATA data;
    DWORD layeredId = 0;
    int error = 0;
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    REQUIRE(installChains(provider1, passthroughPath(), L"pass-through", {}, layeredId, error) == 0);
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    {
        Socket socket(SOCK_STREAM, IPPROTO_TCP);
        CHECK(socket != INVALID_SOCKET);
        CHECK(GetModuleHandleW(L"test_passthrough_lsp.dll") == nullptr);
    }
    WSACleanup();
    WSACleanup();
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    {
        Socket socket(SOCK_STREAM, IPPROTO_TCP);
        CHECK(socket != INVALID_SOCKET);
        CHECK(GetModuleHandleW(L"test_passthrough_lsp.dll") != nullptr);
    }
    WSACleanup();
    CHECK(GetModuleHandleW(L"test_passthrough_lsp.dll") == nullptr);
}

TEST_CASE("a provider that cannot be started fails the socket with the documented error") {
    FreshCatalog catalog;
    WSADATA data;
    DWORD layeredId = 0;
    int error = 0;
    int expected = 0;
    SUBCASE("the DLL is missing") {
        REQUIRE(installChains(provider1, L"C:\\missing.dll", L"missing", {}, layeredId, error) == 0);
        expected = WSAEPROVIDERFAILEDINIT;
    }
    SUBCASE("the DLL is no provider") {
        REQUIRE(installChains(provider1, L"kernel32.dll", L"none", {}, layeredId, error) == 0);
        expected = WSAEPROVIDERFAILEDINIT;
    }
    SUBCASE("a procedure is missing") {
        SetEnvironmentVariableW(L"TEST_PASSTHROUGH_INCOMPLETE", L"1");
        REQUIRE(installChains(provider1, passthroughPath(), L"incomplete", {}, layeredId, error) == 0);
        expected = WSAEINVALIDPROCTABLE;
    }
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    CHECK(socket(AF_INET, SOCK_STREAM, 0) == INVALID_SOCKET);
    CHECK(WSAGetLastError() == expected);
    WSACleanup();
    SetEnvironmentVariableW(L"TEST_PASSTHROUGH_INCOMPLETE", nullptr);
}

TEST_CASE("one LSP over another: each reaches the next") {
    FreshCatalog catalog;
    DWORD layeredId = 0;
    int error = 0;
    const auto tcp = protocol(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    // The same DLL twice, as two providers: its state is by chain.
    REQUIRE(installChains(provider1, passthroughPath(), L"lower", {tcp}, layeredId, error) == 0);
    REQUIRE(installChains(provider2, passthroughPath(), L"upper", {tcp}, layeredId, error) == 0);
    WSADATA data;
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    {
        Pair pair;
        const long before = WinsockSession::passedCalls();
        Socket socket(SOCK_STREAM, IPPROTO_TCP);
        CHECK(WinsockSession::passedCalls() == before + 2);
        CHECK(send(pair.client, "x", 1, 0) == 1);
        char byte;
        CHECK(recv(pair.server, &byte, 1, 0) == 1);
        WSAPROTOCOL_INFOW info{};
        int length = sizeof info;
        REQUIRE(getsockopt(pair.server, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &length) == 0);
        CHECK(info.ProtocolChain.ChainLen == 3);
    }
    WSACleanup();
}
