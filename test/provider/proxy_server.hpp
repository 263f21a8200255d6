// A SOCKS5 server of the test's own, which misbehaves as it is told, and is the destination of all connections at the
// same time: what it answers for the proxy and what comes from the destination is in its hands to the byte. Servers
// that others wrote are asked in test/socks5.test.ts.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace test {

struct ProxyBehaviour {
    unsigned delay_ms = 0;  // before each answer
    bool byte_by_byte = false;
    unsigned char method = 0;
    unsigned char login_status = 0;
    unsigned char reply = 0;         // RFC 1928 §6
    unsigned char address_type = 1;  // of the reply
    unsigned char version = 5;
    int close_after = -1;        // bytes of its answers; -1: never
    bool silent = false;         // after the greeting
    std::string banner = {};     // the destination's first bytes, in the segment of the reply
    bool echoes = true;          // the destination sends back what it gets
    bool one_at_a_time = false;  // without a thread for each connection
};

class ProxyServer {
  public:
    explicit ProxyServer(ProxyBehaviour behaviour = {}, const char* address = physical_address);
    ~ProxyServer();
    ProxyServer(const ProxyServer&) = delete;
    ProxyServer& operator=(const ProxyServer&) = delete;

    int port() const { return port_; }
    // "socks5 11.22.33.44:1080"
    std::string action() const;

    // What is asked for, "1.2.3.4:80", in order.
    std::vector<std::string> requests() const;
    int connections() const { return connections_.load(); }
    int greetings() const { return greetings_.load(); }  // of them, those of which a byte came
    // Bytes of the program's that came after the reply, whatever the reply was.
    int bytes_after_reply() const { return bytes_after_reply_.load(); }
    // Waits until so many connections have ended.
    bool all_ended(unsigned patience_ms = 5000) const;
    void set(ProxyBehaviour behaviour);
    // What has been asked for so far, which else is kept as long as the proxy lives.
    void forget_requests();

  private:
    void serve(SOCKET s);
    void talk(SOCKET s, const ProxyBehaviour& behaviour);
    static bool answer(SOCKET s, const ProxyBehaviour& behaviour, const std::string& bytes, int& left);

    mutable std::mutex mutex_;
    ProxyBehaviour behaviour_;
    std::vector<std::string> requests_;
    std::vector<std::thread> threads_;
    std::atomic<int> connections_{0};
    std::atomic<int> ended_{0};
    std::atomic<int> greetings_{0};
    std::atomic<int> bytes_after_reply_{0};
    std::string address_;
    SOCKET listener_ = INVALID_SOCKET;
    int port_ = 0;
    std::thread acceptor_;
};

}  // namespace test
