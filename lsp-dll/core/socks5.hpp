// The client's side of SOCKS 5 as a pure machine: RFC 1928 (CONNECT to an IPv4 or IPv6 address), RFC 1929 (user name
// and password). Bytes in, bytes out, state; no socket, no clock, no allocation.
//
//     Dialogue dialogue(destination, port, login);
//     while (dialogue.step() is send or receive)
//         send:    send all of to_send(), then sent()
//         receive: receive at most wanted() bytes, then received(bytes); closed() if there are no more
//
// It never asks for a byte that may be the program's: what the destination says first can follow the proxy's reply in
// the same segment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "address.hpp"

namespace lsp::socks5 {

// RFC 1929: each 1 to 255 bytes. No user: the proxy is told that there is no log-in.
struct Login {
    std::string_view user;
    std::string_view password;
};
inline constexpr std::size_t longest_credential = 255;

// Whether RFC 1929 can carry it: no user at all, or a user and a password of 1 to 255 bytes each.
bool is_valid(const Login& login) noexcept;

enum class Failure : std::uint8_t {
    none,
    not_socks5,       // another version, or no answer that RFC 1928 knows: something else listens there
    login_wanted,     // the proxy takes log-ins only, and there is none, or takes neither
    login_refused,    // RFC 1929: user name or password are wrong
    request_refused,  // see reply()
    closed,           // before the reply was whole
};

// RFC 1928 §6. Others are unassigned.
enum class Reply : std::uint8_t {
    succeeded = 0,
    general_failure = 1,
    not_allowed = 2,
    network_unreachable = 3,
    host_unreachable = 4,
    connection_refused = 5,
    ttl_expired = 6,
    command_not_supported = 7,
    address_type_not_supported = 8,
};

enum class Step : std::uint8_t { send, receive, done, failed };

// What is asked of the proxy: which method it wants, whether it takes the log-in, whether it makes the connection.
enum class Stage : std::uint8_t { method, login, request };

class Dialogue {
  public:
    // `destination` IPv4 or IPv6; a v4-mapped one is asked for as IPv4. `login` is read while this lives, and is valid.
    Dialogue(const IpAddress& destination, std::uint16_t port, const Login& login) noexcept;
    // What it held of the password is wiped.
    ~Dialogue();
    Dialogue(const Dialogue&) = delete;
    Dialogue& operator=(const Dialogue&) = delete;

    Step step() const noexcept { return step_; }
    // What is sent or waited for, or was last.
    Stage stage() const noexcept {
        return awaited_ == Awaited::method         ? Stage::method
               : awaited_ == Awaited::login_status ? Stage::login
                                                   : Stage::request;
    }

    // With Step::send. Valid until sent().
    std::span<const std::uint8_t> to_send() const noexcept { return {out_.data(), out_size_}; }
    void sent() noexcept;

    // With Step::receive: how many bytes are the proxy's in any case, 1 to 257.
    std::size_t wanted() const noexcept { return wanted_ - in_size_; }
    // Some of them, `wanted` at most.
    void received(std::span<const std::uint8_t> bytes) noexcept;
    // The proxy has closed the connection, or it broke.
    void closed() noexcept;

    // With Step::failed.
    Failure failure() const noexcept { return failure_; }
    // With Failure::request_refused: the proxy's reply, perhaps an unassigned one.
    Reply reply() const noexcept { return reply_; }

  private:
    enum class Awaited : std::uint8_t { method, login_status, reply_head, name_length, reply_rest };

    void begin(Awaited awaited, std::size_t bytes) noexcept;
    void go_on() noexcept;
    void choose_method() noexcept;
    void read_reply_head() noexcept;
    void write_greeting() noexcept;
    void write_login() noexcept;
    void write_request() noexcept;
    void put(std::uint8_t byte) noexcept { out_[out_size_++] = byte; }
    void put(std::string_view bytes) noexcept;
    void fail(Failure failure) noexcept;
    void wipe() noexcept;

    static constexpr std::size_t longest_message = 3 + 2 * longest_credential;

    IpAddress destination_;
    std::uint16_t port_;
    Login login_;
    Step step_ = Step::send;
    Failure failure_ = Failure::none;
    Reply reply_ = Reply::succeeded;
    Awaited awaited_ = Awaited::method;
    std::size_t wanted_ = 0;
    std::size_t in_size_ = 0;
    std::size_t out_size_ = 0;
    std::array<std::uint8_t, longest_credential + 2> in_{};
    std::array<std::uint8_t, longest_message> out_{};
};

// For people: "the proxy wants a log-in", "the proxy's rules do not allow the connection" ….
const char* to_words(Failure failure, Reply reply) noexcept;

}  // namespace lsp::socks5
