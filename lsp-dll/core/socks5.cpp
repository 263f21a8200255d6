#include "socks5.hpp"

#include <algorithm>

#include "text.hpp"

namespace lsp::socks5 {

namespace {

constexpr std::uint8_t version = 5;
constexpr std::uint8_t login_version = 1;  // RFC 1929's own
constexpr std::uint8_t no_login = 0;
constexpr std::uint8_t user_and_password = 2;
constexpr std::uint8_t connect_command = 1;

enum AddressType : std::uint8_t { ipv4_address = 1, domain_name = 3, ipv6_address = 4 };

constexpr std::size_t port_bytes = 2;

}  // namespace

bool is_valid(const Login& login) noexcept {
    if (login.user.empty()) return login.password.empty();
    return login.user.size() <= longest_credential && !login.password.empty() &&
           login.password.size() <= longest_credential;
}

Dialogue::Dialogue(const IpAddress& destination, std::uint16_t port, const Login& login) noexcept
    : destination_(destination.unmapped()), port_(port), login_(login) {
    write_greeting();
}

Dialogue::~Dialogue() { wipe(); }

void Dialogue::sent() noexcept {
    if (step_ != Step::send) return;
    wipe();
    step_ = Step::receive;
}

void Dialogue::received(std::span<const std::uint8_t> bytes) noexcept {
    if (step_ != Step::receive) return;
    const std::size_t taken = std::min(bytes.size(), wanted());
    std::copy_n(bytes.begin(), taken, in_.begin() + static_cast<std::ptrdiff_t>(in_size_));
    in_size_ += taken;
    if (wanted() == 0) go_on();
}

void Dialogue::closed() noexcept {
    if (step_ == Step::send || step_ == Step::receive) fail(Failure::closed);
}

void Dialogue::begin(Awaited awaited, std::size_t bytes) noexcept {
    awaited_ = awaited;
    wanted_ = bytes;
    in_size_ = 0;
}

void Dialogue::go_on() noexcept {
    switch (awaited_) {
        case Awaited::method: return choose_method();
        case Awaited::login_status:
            if (in_[0] != login_version) return fail(Failure::not_socks5);
            return in_[1] == 0 ? write_request() : fail(Failure::login_refused);
        case Awaited::reply_head: return read_reply_head();
        case Awaited::name_length: return begin(Awaited::reply_rest, in_[0] + port_bytes);
        case Awaited::reply_rest: step_ = Step::done; return;
    }
}

void Dialogue::choose_method() noexcept {
    if (in_[0] != version) return fail(Failure::not_socks5);
    if (in_[1] == no_login) return write_request();
    if (in_[1] == user_and_password && !login_.user.empty()) return write_login();
    // "No acceptable methods", or one that was not offered.
    fail(in_[1] == 0xff || in_[1] == user_and_password ? Failure::login_wanted : Failure::not_socks5);
}

// The address at the end is that at which the proxy's own connection begins; nobody here needs it, but it has to be
// read to its end.
void Dialogue::read_reply_head() noexcept {
    if (in_[0] != version) return fail(Failure::not_socks5);
    reply_ = static_cast<Reply>(in_[1]);
    if (reply_ != Reply::succeeded) return fail(Failure::request_refused);
    switch (in_[3]) {
        case ipv4_address: return begin(Awaited::reply_rest, 4 + port_bytes);
        case ipv6_address: return begin(Awaited::reply_rest, 16 + port_bytes);
        case domain_name: return begin(Awaited::name_length, 1);
        default: return fail(Failure::not_socks5);
    }
}

void Dialogue::write_greeting() noexcept {
    const bool logs_in = !login_.user.empty();
    put(version);
    put(logs_in ? 2 : 1);
    put(no_login);
    if (logs_in) put(user_and_password);
    begin(Awaited::method, 2);
}

void Dialogue::write_login() noexcept {
    put(login_version);
    put(login_.user);
    put(login_.password);
    begin(Awaited::login_status, 2);
    step_ = Step::send;
}

void Dialogue::write_request() noexcept {
    const bool ipv6 = destination_.family == Family::ipv6;
    put(version);
    put(connect_command);
    put(0);  // reserved
    put(ipv6 ? ipv6_address : ipv4_address);
    for (std::size_t i = 0; i < (ipv6 ? 16 : 4); ++i) put(destination_.bytes[i]);
    put(static_cast<std::uint8_t>(port_ >> 8U));
    put(static_cast<std::uint8_t>(port_ & 0xffU));
    begin(Awaited::reply_head, 4);
    step_ = Step::send;
}

// With its length before it.
void Dialogue::put(std::string_view bytes) noexcept {
    const std::string_view most = text::piece_of(bytes, 0, longest_credential);
    put(static_cast<std::uint8_t>(most.size()));
    for (const char c : most) put(static_cast<std::uint8_t>(c));
}

void Dialogue::fail(Failure failure) noexcept {
    failure_ = failure;
    step_ = Step::failed;
    wipe();
}

// Volatile: nobody reads it again, so that a compiler would leave it.
void Dialogue::wipe() noexcept {
    volatile std::uint8_t* const bytes = out_.data();
    for (std::size_t i = 0; i < out_size_; ++i) bytes[i] = 0;
    out_size_ = 0;
}

const char* to_words(Failure failure, Reply reply) noexcept {
    switch (failure) {
        case Failure::none: return "no failure";
        case Failure::not_socks5: return "what listens there does not speak SOCKS 5";
        case Failure::login_wanted: return "the proxy wants a log-in";
        case Failure::login_refused: return "the proxy refused user name or password";
        case Failure::closed: return "the proxy closed the connection before it had answered";
        case Failure::request_refused: break;
    }
    switch (reply) {
        case Reply::succeeded: return "no failure";
        case Reply::general_failure: return "the proxy failed, without a reason";
        case Reply::not_allowed: return "the proxy's rules do not allow the connection";
        case Reply::network_unreachable: return "the proxy cannot reach the network";
        case Reply::host_unreachable: return "the proxy cannot reach the host";
        case Reply::connection_refused: return "the destination refused the proxy's connection";
        case Reply::ttl_expired: return "the proxy got no answer from the destination";
        case Reply::command_not_supported: return "the proxy does not make connections";
        case Reply::address_type_not_supported: return "the proxy does not know this kind of address";
    }
    return "the proxy refused, with a reply that RFC 1928 does not assign";
}

}  // namespace lsp::socks5
