#include "proxy_server.hpp"

#include <algorithm>

namespace test {

namespace {

bool receive_all(SOCKET s, char* bytes, int size) {
    for (int done = 0; done < size;) {
        const int got = recv(s, bytes + done, size - done, 0);
        if (got <= 0) return false;
        done += got;
    }
    return true;
}

bool send_all(SOCKET s, const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const int sent = send(s, bytes.data() + done, static_cast<int>(bytes.size() - done), 0);
        if (sent <= 0) return false;
        done += static_cast<std::size_t>(sent);
    }
    return true;
}

std::string text_of(int family, const char* bytes, int port) {
    char text_form[64] = {};
    inet_ntop(family, bytes, text_form, sizeof(text_form));
    std::string text = family == AF_INET6 ? "[" : "";
    text += text_form;
    if (family == AF_INET6) text += ']';
    return text += ':' + std::to_string(port);
}

}  // namespace

ProxyServer::ProxyServer(ProxyBehaviour behaviour, const char* address)
    : behaviour_(std::move(behaviour)), address_(address) {
    const bool ipv6 = address_.find(':') != std::string::npos;
    listener_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP);
    sockaddr_storage name{};
    int length = 0;
    if (ipv6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
        v6.sin6_family = AF_INET6;
        inet_pton(AF_INET6, address, &v6.sin6_addr);
        length = sizeof(v6);
    } else {
        reinterpret_cast<sockaddr_in&>(name) = test::address(address, 0);
        length = sizeof(sockaddr_in);
    }
    bind(listener_, reinterpret_cast<const sockaddr*>(&name), length);
    listen(listener_, SOMAXCONN);
    length = sizeof(name);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &length);
    port_ = ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port);
    acceptor_ = std::thread([this] {
        for (;;) {
            const SOCKET s = accept(listener_, nullptr, nullptr);
            if (s == INVALID_SOCKET) return;
            ++connections_;
            std::unique_lock lock(mutex_);
            if (behaviour_.one_at_a_time) {
                lock.unlock();
                serve(s);
                continue;
            }
            threads_.emplace_back([this, s] { serve(s); });
        }
    });
}

ProxyServer::~ProxyServer() {
    closesocket(listener_);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
}

std::string ProxyServer::action() const {
    const bool ipv6 = address_.find(':') != std::string::npos;
    std::string text = "socks5 ";
    if (ipv6) text += '[';
    text += address_;
    if (ipv6) text += ']';
    return text += ':' + std::to_string(port_);
}

std::vector<std::string> ProxyServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void ProxyServer::forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
}

bool ProxyServer::all_ended(unsigned patience_ms) const {
    for (unsigned waited = 0; waited < patience_ms; waited += 10) {
        if (ended_ == connections_) return true;
        Sleep(10);
    }
    return false;
}

void ProxyServer::set(ProxyBehaviour behaviour) {
    const std::lock_guard lock(mutex_);
    behaviour_ = std::move(behaviour);
}

bool ProxyServer::answer(SOCKET s, const ProxyBehaviour& behaviour, const std::string& bytes, int& left) {
    Sleep(behaviour.delay_ms);
    const std::size_t step = behaviour.byte_by_byte ? 1 : bytes.size();
    for (std::size_t done = 0; done < bytes.size(); done += step) {
        const std::size_t size = left < 0 ? step : std::min(step, static_cast<std::size_t>(left));
        if (!send_all(s, bytes.substr(done, size))) return false;
        if (left >= 0) left -= static_cast<int>(size);
        if (left == 0) return false;
        if (behaviour.byte_by_byte) Sleep(1);
    }
    return true;
}

void ProxyServer::serve(SOCKET s) {
    ProxyBehaviour behaviour;
    {
        const std::lock_guard lock(mutex_);
        behaviour = behaviour_;
    }
    const BOOL on = TRUE;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof(on));
    talk(s, behaviour);
    closesocket(s);
    ++ended_;
}

void ProxyServer::talk(SOCKET s, const ProxyBehaviour& behaviour) {
    char bytes[512];
    int left = behaviour.close_after;
    if (left == 0 || !receive_all(s, bytes, 1)) return;
    ++greetings_;
    if (!receive_all(s, bytes + 1, 1) || !receive_all(s, bytes + 2, bytes[1])) return;
    if (!answer(s, behaviour, {static_cast<char>(behaviour.version), static_cast<char>(behaviour.method)}, left))
        return;
    if (behaviour.method == 2) {
        if (!receive_all(s, bytes, 2) || !receive_all(s, bytes + 2, bytes[1] + 1)) return;
        if (!receive_all(s, bytes, bytes[2 + bytes[1]])) return;
        if (!answer(s, behaviour, {1, static_cast<char>(behaviour.login_status)}, left)) return;
    }
    if (!receive_all(s, bytes, 4)) return;
    const int family = bytes[3] == 4 ? AF_INET6 : AF_INET;
    const int size = family == AF_INET6 ? 16 : 4;
    if (!receive_all(s, bytes + 4, size + 2)) return;
    const auto* const port = reinterpret_cast<const unsigned char*>(bytes + 4 + size);
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(text_of(family, bytes + 4, port[0] * 256 + port[1]));
    }
    if (behaviour.silent) {
        while (recv(s, bytes, sizeof(bytes), 0) > 0) {
        }
        return;
    }
    std::string reply = {5, static_cast<char>(behaviour.reply), 0, static_cast<char>(behaviour.address_type)};
    if (behaviour.address_type == 3) reply += "\x0bproxy.local";
    reply.append(behaviour.address_type == 1 ? 4 : behaviour.address_type == 4 ? 16 : 0, '\7');
    reply += "\x12\x34";
    if (!answer(s, behaviour, reply + behaviour.banner, left)) return;
    for (;;) {
        const int got = recv(s, bytes, sizeof(bytes), 0);
        if (got <= 0) return;
        bytes_after_reply_ += got;
        if (behaviour.reply == 0 && behaviour.echoes && !send_all(s, {bytes, static_cast<std::size_t>(got)})) return;
    }
}

}  // namespace test
