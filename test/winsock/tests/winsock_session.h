// Winsock, started, over one of the chains that the dispatch tests run through.
#pragma once

#include <mswsock.h>

#include "catalog_fixture.h"

namespace winsock_test {
enum class Chain { base, passthrough };

// For CAPTURE and MESSAGE.
std::string nameOf(Chain chain);
inline constexpr Chain allChains[] = {Chain::base, Chain::passthrough};

class WinsockSession {
  public:
    explicit WinsockSession(Chain chain);
    ~WinsockSession();
    WinsockSession(const WinsockSession&) = delete;
    WinsockSession& operator=(const WinsockSession&) = delete;

    // How many calls the pass-through LSP has counted; 0 when it is not loaded.
    static long passedCalls();

  private:
    FreshCatalog catalog_;
    Chain chain_;
    long callsBefore_ = 0;
};

// Closed at its end.
class Socket {
  public:
    explicit Socket(SOCKET socket) : socket_(socket) {}
    Socket(int type, int protocol) : Socket(WSASocketW(AF_INET, type, protocol, nullptr, 0, WSA_FLAG_OVERLAPPED)) {}
    ~Socket() {
        if (socket_ != INVALID_SOCKET) closesocket(socket_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    operator SOCKET() const { return socket_; }

  private:
    SOCKET socket_;
};

sockaddr_in loopback(const char* address = "127.0.0.1", int port = 0);

// Binds to the address with a port of the system's choice; the address with its port.
sockaddr_in bindTo(SOCKET socket, sockaddr_in address = loopback());

// A connected pair of TCP sockets.
struct Pair {
    Pair();
    Socket listener;
    Socket client;
    Socket server;
};

template <typename Function>
Function extension(SOCKET socket, GUID id) {
    Function function = nullptr;
    DWORD returned = 0;
    WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, &function, sizeof function, &returned, nullptr,
             nullptr);
    return function;
}

inline const sockaddr* asAddress(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }
}  // namespace winsock_test
