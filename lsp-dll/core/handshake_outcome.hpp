// What became of leading a connection to a proxy, as the ring of decisions tells it (decision_record.hpp).
#pragma once

#include <cstdint>

namespace lsp {

enum class HandshakeOutcome : std::uint8_t {
    none,           // it was not led
    led,            // the proxy made the connection
    unreachable,    // the proxy itself cannot be connected to
    no_way,         // the socket cannot reach the proxy: an IPv4 socket and an IPv6 proxy, or no asynchronous connects
    untrusted,      // another user's program listens at the proxy's address on this host
    no_credential,  // the user has no log-in of the name that the rule says, or this process may not use it
    not_socks5,     // what listens there does not speak SOCKS 5
    login_wanted,   // the proxy takes log-ins only
    login_refused,  // user name or password are wrong
    request_refused,  // see the reply (RFC 1928 §6)
    closed,           // the proxy closed the connection before it had answered
    timed_out,        // the proxy did not answer within the deadline
    count_,
};

const char* to_string(HandshakeOutcome outcome) noexcept;  // the enumerator's name; "unknown" past the end

}  // namespace lsp
