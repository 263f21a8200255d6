#include "rule_warnings.hpp"

#include "../core/policy_index.hpp"
#include "../core/readable.hpp"
#include "../system/interfaces.hpp"
#include "../system/programs.hpp"
#include "../system/proxy_owner.hpp"

namespace lsp::setup {
namespace {

std::string base_name(const std::string& path) {
    const std::size_t separator = path.find_last_of("\\/");
    return separator == std::string::npos ? path : path.substr(separator + 1);
}

// One that the rule's matchers hold for, as far as that can be told without a route: Tor's own connections, say.
struct Sample {
    IpAddress destination;
    std::uint16_t port;
};

Sample sample_of(const Rule& rule) {
    Sample sample{IpAddress::v4(192, 0, 2, 1), 443};
    if (!rule.to.empty()) sample.destination = rule.to.front().network();
    if (!rule.ports.empty()) sample.port = rule.ports.front().first;
    return sample;
}

bool is_of_this_host(const IpAddress& address) {
    if (address.is_loopback()) return true;
    const auto found = system::find_address(address);
    return found && found->has_value();
}

// Whether the program, wherever it connects to by this rule, is led to the proxy that it is itself.
bool leads_to_itself(const Policy& policy, std::size_t number, const std::string& program) {
    const Rule& rule = policy.rules[number];
    const Sample sample = sample_of(rule);
    Route route;
    route.interface_index = rule.via.index;
    const Decision decision =
        PolicyIndex(policy, program).decide(policy, Protocol::tcp, sample.destination, sample.port, route);
    return decision.verdict == Verdict::socks5 && decision.rule == static_cast<std::int32_t>(number);
}

}  // namespace

const char* to_string(RuleWarning::Kind kind) noexcept {
    switch (kind) {
        case RuleWarning::Kind::proxy_loop: return "proxy-loop";
        case RuleWarning::Kind::login_in_clear: return "login-in-clear";
    }
    return "unknown";
}

std::string find_listener(const IpAddress& address, std::uint16_t port) {
    if (!is_of_this_host(address)) return {};
    const std::uint32_t process_id = system::process_of_listener({address, port});
    if (process_id == 0) return {};
    for (const Program& program : system::list_programs({process_id})) {
        if (program.process.process_id == process_id) return program.path;
    }
    return {};
}

std::vector<RuleWarning> rule_warnings(const Policy& policy, FindListener find) {
    std::vector<RuleWarning> warnings;
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        const Rule& rule = policy.rules[i];
        if (rule.verdict != Verdict::socks5) continue;
        const std::string proxy = endpoint_text(rule.source, rule.proxy_port);
        const std::string program = find(rule.source, rule.proxy_port);
        if (!program.empty() && leads_to_itself(policy, i, program)) {
            const std::string name = base_name(program);
            warnings.push_back({RuleWarning::Kind::proxy_loop, i,
                                "The program that listens at " + proxy + ", " + program +
                                    ", would itself be led there, and reach nothing. Put a rule before it: app " +
                                    (name.find(' ') == std::string::npos ? name : '"' + name + '"') + " keep"});
        }
        if (!rule.login.empty() && !rule.source.is_loopback()) {
            warnings.push_back({RuleWarning::Kind::login_in_clear, i,
                                "The user name and password of the log-in " + std::string(rule.login) + " go to " +
                                    proxy +
                                    " in clear, as SOCKS 5 has it: whoever is on the way can read them. Lead to a "
                                    "proxy on this host (ssh -L, a VPN's end), or through a network that you trust."});
        }
    }
    return warnings;
}

}  // namespace lsp::setup
