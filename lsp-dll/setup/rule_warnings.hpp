// What is to be said of rules that can be understood and carried out, and may still not be what was meant.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../core/policy.hpp"

namespace lsp::setup {

struct RuleWarning {
    enum class Kind {
        proxy_loop,      // the program that listens at the proxy's address would itself be led there
        login_in_clear,  // user name and password go to another host, as SOCKS 5 has it in clear
    };
    Kind kind = Kind::proxy_loop;
    std::size_t rule = 0;  // its number, from 0
    std::string message;   // sentences: what, why, and what to do
};

const char* to_string(RuleWarning::Kind kind) noexcept;  // "proxy-loop", "login-in-clear"

// Who listens at an address of this host: the path of the program's image, empty if nobody does or it cannot be told.
using FindListener = std::string (*)(const IpAddress& address, std::uint16_t port);
std::string find_listener(const IpAddress& address, std::uint16_t port);

// Of all rules, in order. `find`: for tests.
std::vector<RuleWarning> rule_warnings(const Policy& policy, FindListener find = find_listener);

}  // namespace lsp::setup
