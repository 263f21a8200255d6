// What the provider's tests share. They are a Windows program like any other: they call Winsock, and the DLL under test
// is in the chain below the test Winsock. They run on a host with these addresses (see test/provider.test.ts):
//
//   11.22.33.44/24   the physical address
//   128.129.0.2/24   the virtual address, on the tunnel interface; the route to 1.2.3.0/24 leaves through it
//   1.2.3.4/32       the target, on the same host, so that it can answer
//   fd11::44/64 and fd01::4/128: the same of the physical interface and of the target
#pragma once

#include <winsock2.h>
// Below winsock2.h
#include <mswsock.h>
#include <ws2tcpip.h>

#include <string>
#include <vector>

#include "core/tunnel.hpp"

namespace test {

inline constexpr char physical_address[] = "11.22.33.44";
inline constexpr char virtual_address[] = "128.129.0.2";
inline constexpr char target_address[] = "1.2.3.4";

sockaddr_in address(const char* text, int port);
std::string text(const sockaddr_in& address);  // without the port

// A socket that is closed at the end.
class Socket {
  public:
    Socket(int type, int protocol);
    explicit Socket(SOCKET s) : s_(s) {}
    ~Socket();
    Socket(Socket&& other) noexcept : s_(other.release()) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    operator SOCKET() const { return s_; }
    SOCKET release();

  private:
    SOCKET s_;
};

Socket tcp();
Socket udp();

// 0 or the Winsock error.
int bind_to(SOCKET s, const char* address, int port);
int connect_to(SOCKET s, const char* address, int port);
int connect_ex_to(SOCKET s, const char* address, int port);  // waits for the completion
int send_to(SOCKET s, const char* address, int port);
std::string local_address(SOCKET s);  // "error N" if getsockname fails
int local_port(SOCKET s);

// Wine 8 loses a call of a 32-bit program now and then, without our DLL too: a signal that arrives between its system
// call dispatcher's wrfsbase and the change of stacks puts the 32-bit FS back, so that the Unix side meets a wrong
// thread pointer and faults; the call has done nothing and fails with STATUS_ACCESS_VIOLATION. No Winsock function of
// Windows gives this error.
bool is_lost_by_wine(int error);
bool is_lost_by_wine(const std::string& name);  // of local_address

// Listens, or waits for datagrams, at an address of this host, and tells who came.
class TcpTarget {
  public:
    explicit TcpTarget(const char* address);
    int port() const { return port_; }
    std::string accepted_from();  // the peer's address of the next connection

  private:
    Socket socket_;
    int port_;
};

class UdpTarget {
  public:
    explicit UdpTarget(const char* address);
    int port() const { return port_; }
    std::string received_from();  // the sender of the next datagram, "nobody" after a second
    // Answers the last datagram's sender.
    void answer();

  private:
    Socket socket_;
    int port_;
    sockaddr_in last_{};
};

// A published tunnel: as long as this lives, what leaves through the tunnel interface has the physical address.
class PublishedTunnel {
  public:
    struct Options {
        std::string source = physical_address;
        lsp::Otherwise otherwise = lsp::Otherwise::keep;
    };
    PublishedTunnel() : PublishedTunnel(Options{}) {}
    explicit PublishedTunnel(const Options& options);
    ~PublishedTunnel();
    PublishedTunnel(const PublishedTunnel&) = delete;
    PublishedTunnel& operator=(const PublishedTunnel&) = delete;
};

// The administrator's rules, as long as this lives.
class AdministratorRules {
  public:
    explicit AdministratorRules(const std::vector<std::string>& lines);
    ~AdministratorRules();
    AdministratorRules(const AdministratorRules&) = delete;
    AdministratorRules& operator=(const AdministratorRules&) = delete;
};

// Longer than the provider may take to notice a change of the policy.
void wait_for_policy();

std::uint32_t tunnel_interface();

// What reached the base provider (TEST_WINSOCK_RECORD) since this object was made: one JSON line a call.
class Recording {
  public:
    Recording();
    std::vector<std::string> calls(const std::string& call) const;  // those of one function
    // The place of the first line that has all these texts, or npos.
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    std::size_t find(const std::vector<std::string>& texts) const;

  private:
    std::vector<std::string> lines() const;
    std::string path_;
    std::size_t start_;
};

}  // namespace test
