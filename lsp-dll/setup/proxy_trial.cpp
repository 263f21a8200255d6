#include "proxy_trial.hpp"

#include <windows.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "../core/readable.hpp"
#include "../system/text.hpp"
#include "cancel.hpp"
#include "credentials.hpp"

namespace lsp::setup {

using namespace system;
using socks5::Dialogue;
using socks5::Failure;
using socks5::Reply;
using socks5::Stage;
using socks5::Step;

namespace {

constexpr std::uint32_t look_at_cancellation_every = 50;  // milliseconds

double now_milliseconds() {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return static_cast<double>(count.QuadPart) * 1000.0 / static_cast<double>(frequency.QuadPart);
}

class TrialSocket {
  public:
    explicit TrialSocket(Family family) {
        WSADATA data;
        started_ = WSAStartup(MAKEWORD(2, 2), &data) == 0;
        socket_ = ::socket(family == Family::ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP);
        u_long non_blocking = 1;
        if (socket_ != INVALID_SOCKET) ioctlsocket(socket_, FIONBIO, &non_blocking);
    }
    ~TrialSocket() {
        if (socket_ != INVALID_SOCKET) closesocket(socket_);
        if (started_) WSACleanup();
    }
    TrialSocket(const TrialSocket&) = delete;
    TrialSocket& operator=(const TrialSocket&) = delete;
    SOCKET get() const { return socket_; }

  private:
    bool started_;
    SOCKET socket_;
};

int connect_to(SOCKET socket, const IpAddress& address, std::uint16_t port) {
    if (address.family == Family::ipv6) {
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(port);
        std::memcpy(&to.sin6_addr, address.bytes.data(), sizeof(to.sin6_addr));
        return ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    std::memcpy(&to.sin_addr, address.bytes.data(), sizeof(to.sin_addr));
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

const char* remedy_of(Failure failure) {
    switch (failure) {
        case Failure::not_socks5:
            return "See that the port is that of a SOCKS 5 proxy: an HTTP proxy, or SOCKS 4, has another.";
        case Failure::login_wanted:
            return "Keep a log-in with winsock-lsp proxy login NAME, and name it with --login NAME.";
        case Failure::login_refused: return "Give user and password anew: winsock-lsp proxy login NAME.";
        case Failure::closed: return "Its own log may say why; some proxies end so what their rules do not allow.";
        case Failure::none:
        case Failure::request_refused: break;
    }
    return "";
}

const char* remedy_of(Reply reply) {
    switch (reply) {
        case Reply::not_allowed: return "Whoever runs the proxy says what it allows, and to whom.";
        case Reply::network_unreachable:
        case Reply::host_unreachable:
            return "See that the destination's address is right, and that the proxy has a route to it, over IPv6 too.";
        case Reply::connection_refused: return "See that something listens on that port of the destination.";
        case Reply::ttl_expired:
            return "See that the destination runs, and that no firewall is between it and the proxy.";
        case Reply::address_type_not_supported: return "Try a destination with an IPv4 address.";
        case Reply::command_not_supported: return "It is of no use as a proxy for TCP.";
        case Reply::succeeded:
        case Reply::general_failure: break;
    }
    return "Its own log may say why.";
}

const char* code_of(Failure failure) {
    switch (failure) {
        case Failure::not_socks5: return "ERR_NOT_SOCKS5";
        case Failure::login_wanted: return "ERR_LOGIN_WANTED";
        case Failure::login_refused: return "ERR_LOGIN_REFUSED";
        case Failure::request_refused: return "ERR_PROXY_REFUSED";
        case Failure::closed:
        case Failure::none: break;
    }
    return "ERR_PROXY_CLOSED";
}

// One dialogue.
class TrialRun {
  public:
    explicit TrialRun(const ProxyTrial& trial)
        : trial_(trial), proxy_(endpoint_text(trial.proxy, trial.port)), socket_(trial.proxy.family) {}

    Result<TrialReport> run() {
        const std::string attempt = concat({"Cannot try the proxy ", proxy_});
        if (socket_.get() == INVALID_SOCKET) {
            return system_error(static_cast<std::uint32_t>(WSAGetLastError()), "socket", attempt);
        }
        StoredLogin login;
        if (!trial_.login.empty()) {
            DWORD error = 0;
            const LoginFailure failure = login.read(trial_.login, error);
            if (failure != LoginFailure::none) return login_error(trial_.login, failure, error);
        }
        deadline_ = now_milliseconds() + trial_.deadline_milliseconds;
        if (connect()) talk(login);
        if (aborted_) return cancelled(attempt);
        return std::move(report_);
    }

  private:
    enum class Ready { yes, late, aborted };

    void begin(TrialStage stage) {
        begun_ = now_milliseconds();
        report_.steps.push_back({stage, 0, {}});
    }

    void end(std::string_view answer) {
        TrialStep& step = report_.steps.back();
        step.milliseconds = now_milliseconds() - begun_;
        step.answer = answer;
    }

    void fail(std::string_view answer, Error error, Reply reply = Reply::succeeded) {
        end(answer);
        report_.failure = TrialFailure{std::move(error), reply};
    }

    // Until the socket can be read or written, or has failed.
    Ready wait(bool to_write) {
        for (;;) {
            if (is_cancelled()) return Ready::aborted;
            const double left = deadline_ - now_milliseconds();
            if (left <= 0) return Ready::late;
            const long milliseconds = static_cast<long>(std::min<double>(left, look_at_cancellation_every));
            timeval most{0, std::max(milliseconds, 1L) * 1000};
            fd_set ready, failed;
            FD_ZERO(&ready);
            FD_ZERO(&failed);
            FD_SET(socket_.get(), &ready);
            FD_SET(socket_.get(), &failed);
            const int count = select(0, to_write ? nullptr : &ready, to_write ? &ready : nullptr, &failed, &most);
            if (count != 0) return Ready::yes;  // an error too: the next call says which
        }
    }

    // Whether to go on.
    bool waited(bool to_write, std::string_view for_what) {
        const Ready ready = wait(to_write);
        if (ready == Ready::yes) return true;
        aborted_ = ready == Ready::aborted;
        if (aborted_) return false;
        const std::string answer = concat({for_what, " within ", trial_.deadline_milliseconds, " ms"});
        fail(answer,
             own_error("ERR_PROXY_TIMEOUT", concat({"The proxy ", proxy_, " could not be tried to the end: ", answer,
                                                    ". See that it runs, and that no firewall is on the way."})));
        return false;
    }

    bool connect() {
        begin(TrialStage::connect);
        int error = connect_to(socket_.get(), trial_.proxy, trial_.port) == 0 ? 0 : WSAGetLastError();
        if (error == WSAEWOULDBLOCK) {
            if (!waited(true, "no connection")) return false;
            int length = sizeof(error);
            if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &length) != 0) {
                error = WSAGetLastError();
            }
        }
        if (error == 0) {
            end("connected");
            return true;
        }
        const auto number = static_cast<std::uint32_t>(error);
        fail(error_text(number), system_error(number, "connect", concat({"Cannot connect to the proxy ", proxy_}),
                                              "See that it runs, and that address and port are right."));
        return false;
    }

    void talk(StoredLogin& login) {
        const bool asks = trial_.destination.family != Family::none;
        // Without a destination the dialogue ends before the request, which is never sent.
        Dialogue dialogue(asks ? trial_.destination : IpAddress::v4(0, 0, 0, 0), trial_.destination_port, login.get());
        Stage stage = Stage::method;
        begin(TrialStage::method);
        for (;;) {
            if (dialogue.stage() != stage) {
                end(stage == Stage::login              ? "user name and password are right"
                    : dialogue.stage() == Stage::login ? "it wants user name and password"
                                                       : "it wants no log-in");
                stage = dialogue.stage();
                if (stage == Stage::request) {
                    login.wipe();
                    if (!asks) return;
                }
                begin(stage == Stage::login ? TrialStage::login : TrialStage::request);
            }
            switch (dialogue.step()) {
                case Step::send:
                    if (stage == Stage::login) report_.login_sent = true;
                    if (!send_all(dialogue)) return;
                    break;
                case Step::receive:
                    if (!receive_some(dialogue)) return;
                    break;
                case Step::done: return end("it is connected to the destination");
                case Step::failed: return failed(dialogue);
            }
        }
    }

    bool send_all(Dialogue& dialogue) {
        const auto bytes = dialogue.to_send();
        for (std::size_t sent = 0; sent < bytes.size();) {
            if (!waited(true, "it takes nothing")) return false;
            const int size = static_cast<int>(bytes.size() - sent);
            const int result = ::send(socket_.get(), reinterpret_cast<const char*>(bytes.data() + sent), size, 0);
            if (result > 0) {
                sent += static_cast<std::size_t>(result);
            } else if (WSAGetLastError() != WSAEWOULDBLOCK) {
                dialogue.closed();
                return true;
            }
        }
        dialogue.sent();
        return true;
    }

    bool receive_some(Dialogue& dialogue) {
        if (!waited(false, "no answer")) return false;
        std::array<std::uint8_t, socks5::longest_credential + 2> bytes;
        const int size = static_cast<int>(std::min(bytes.size(), dialogue.wanted()));
        const int result = ::recv(socket_.get(), reinterpret_cast<char*>(bytes.data()), size, 0);
        if (result > 0) {
            dialogue.received({bytes.data(), static_cast<std::size_t>(result)});
        } else if (result == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
            dialogue.closed();
        }
        return true;
    }

    void failed(const Dialogue& dialogue) {
        const Failure failure = dialogue.failure();
        const bool refused = failure == Failure::request_refused;
        const bool has_login = !trial_.login.empty();
        const bool takes_none = failure == Failure::login_wanted && has_login;
        std::string answer = takes_none ? "the proxy takes no user name and password, and nobody without a log-in"
                                        : socks5::to_words(failure, dialogue.reply());
        if (refused) answer = concat({answer, " (reply ", static_cast<std::uint32_t>(dialogue.reply()), ")"});
        const std::string what = refused ? concat({"The proxy ", proxy_, " does not lead to ",
                                                   endpoint_text(trial_.destination, trial_.destination_port)})
                                         : concat({"The proxy ", proxy_, " cannot be used"});
        const char* const remedy = refused ? remedy_of(dialogue.reply())
                                   : takes_none
                                       ? "It wants another way to log in, such as GSS-API, which this does not have."
                                       : remedy_of(failure);
        fail(answer, own_error(code_of(failure), concat({what, ": ", answer, ". ", remedy})),
             refused ? dialogue.reply() : Reply::succeeded);
    }

    const ProxyTrial& trial_;
    std::string proxy_;
    TrialSocket socket_;
    TrialReport report_;
    double deadline_ = 0;
    double begun_ = 0;
    bool aborted_ = false;
};

}  // namespace

Result<TrialReport> try_proxy(const ProxyTrial& trial) { return TrialRun(trial).run(); }

}  // namespace lsp::setup
