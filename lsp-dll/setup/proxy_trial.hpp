// Trying a SOCKS 5 proxy: the dialogue of core/socks5.hpp, which the provider has with it too, on a socket of our own.
// Changes nothing; the process's own rules, if it runs under winsock-lsp.dll, are in force for the socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../core/address.hpp"
#include "../core/socks5.hpp"
#include "../system/error.hpp"

namespace lsp::setup {

inline constexpr std::uint32_t proxy_deadline_milliseconds = 30'000;

struct ProxyTrial {
    IpAddress proxy;  // IPv4 or IPv6
    std::uint16_t port = 0;
    std::string login;      // the name of a log-in (credentials.hpp); empty: none
    IpAddress destination;  // IPv4 or IPv6; Family::none: the proxy is asked for no connection
    std::uint16_t destination_port = 0;
    std::uint32_t deadline_milliseconds = proxy_deadline_milliseconds;  // for the connection and the whole dialogue
};

enum class TrialStage : std::uint8_t { connect, method, login, request };

struct TrialStep {
    TrialStage stage;
    double milliseconds = 0;
    std::string answer;  // in words; where it failed, why
};

struct TrialFailure {
    system::Error error;
    socks5::Reply reply = socks5::Reply::succeeded;  // another: what the proxy answered to the request
};

struct TrialReport {
    std::vector<TrialStep> steps;  // in their order; with a failure, the last is the one that failed
    bool login_sent = false;       // in clear, as RFC 1929 has it
    std::optional<TrialFailure> failure;
};

// Ends early where a CancelScope says so. What is wrong between us and the proxy is in the report, with the codes
// ERR_NOT_SOCKS5, ERR_LOGIN_WANTED, ERR_LOGIN_REFUSED, ERR_PROXY_REFUSED (the request), ERR_PROXY_CLOSED,
// ERR_PROXY_TIMEOUT, or what connect gives (WSAECONNREFUSED …). Errors, before a byte is sent: those of login_error
// (credentials.hpp); ERR_ABORTED; what socket gives.
system::Result<TrialReport> try_proxy(const ProxyTrial& trial);

}  // namespace lsp::setup
