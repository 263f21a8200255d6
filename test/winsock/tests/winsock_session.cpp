#include "winsock_session.h"

#include <doctest/doctest.h>

namespace winsock_test {
std::string nameOf(Chain chain) {
    return chain == Chain::base ? "on the base provider" : "through the pass-through LSP";
}

WinsockSession::WinsockSession(Chain chain) : chain_(chain) {
    DWORD layeredId = 0;
    int error = 0;
    if (chain == Chain::passthrough)
        REQUIRE(installChains(provider1, passthroughPath(), L"pass-through", {}, layeredId, error) == 0);
    WSADATA data;
    REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    Socket probe(SOCK_STREAM, IPPROTO_TCP);  // has the providers loaded
    REQUIRE(probe != INVALID_SOCKET);
    callsBefore_ = passedCalls();
}

WinsockSession::~WinsockSession() {
    // Whatever a test did went through the chain that it asked for.
    if (chain_ == Chain::passthrough)
        CHECK(passedCalls() > callsBefore_);
    else
        CHECK(GetModuleHandleW(L"test_passthrough_lsp.dll") == nullptr);
    WSACleanup();
}

long WinsockSession::passedCalls() {
    const auto count = reinterpret_cast<long(WSPAPI*)()>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"test_passthrough_lsp.dll"), "PassthroughCallCount")));
    return count ? count() : 0;
}

sockaddr_in loopback(const char* address, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = inet_addr(address);
    result.sin_port = htons(static_cast<u_short>(port));
    return result;
}

sockaddr_in bindTo(SOCKET socket, sockaddr_in address) {
    int length = sizeof address;
    REQUIRE(bind(socket, asAddress(address), sizeof address) == 0);
    REQUIRE(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    REQUIRE(address.sin_port != 0);
    return address;
}

namespace {
SOCKET connectTo(SOCKET client, SOCKET listener) {
    const sockaddr_in address = bindTo(listener);
    REQUIRE(listen(listener, 5) == 0);
    REQUIRE(connect(client, asAddress(address), sizeof address) == 0);
    return accept(listener, nullptr, nullptr);
}
}  // namespace

Pair::Pair()
    : listener(SOCK_STREAM, IPPROTO_TCP), client(SOCK_STREAM, IPPROTO_TCP), server(connectTo(client, listener)) {
    REQUIRE(server != INVALID_SOCKET);
}
}  // namespace winsock_test
