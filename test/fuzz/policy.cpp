// The policy text, and the decision by what it says: an accepted rule prints to what parses to the same rule, a
// rejection points into its line, and the index decides as the rules one by one do.
#include "core/policy.hpp"

#include <algorithm>
#include <vector>

#include "core/policy_index.hpp"
#include "core/readable.hpp"
#include "property.hpp"

using namespace lsp;

namespace {

constexpr std::size_t most_lines = 32;
constexpr std::uint32_t flows = 12;

void check_line(const std::string& line) {
    const auto parsed = parse_rule(line);
    if (const auto* const error = std::get_if<TextError>(&parsed)) {
        fuzz::require(error->line == 0, "one line's error names no line");
        fuzz::require(error->column >= 1 && error->column <= line.size() + 1, "an error's column is in its line");
        fuzz::require_message(error->message);
        return;
    }
    const Rule& rule = std::get<Rule>(parsed);
    const std::string printed = to_string(rule);
    fuzz::require(printed.size() <= longest_rule, "a rule prints within the limit of its parser");
    const auto again = parse_rule(printed);
    fuzz::require(std::holds_alternative<Rule>(again), "a printed rule is accepted");
    fuzz::require(std::get<Rule>(again) == rule, "a printed rule is the same rule");
    fuzz::require(to_string(std::get<Rule>(again)) == printed, "printing is stable");
}

// Who goes by what others wrote reads all that others may write, the same, and what a newer version may have written.
bool check_newer_line(const std::string& line, Rule& rule) {
    Fault fault;
    const auto parsed = parse_rule(line);
    if (!read_rule(line, rule, fault, NewerLines::take)) {
        fuzz::require(std::holds_alternative<TextError>(parsed), "what can be written can be read");
        return false;
    }
    if (const Rule* const strict = std::get_if<Rule>(&parsed)) {
        const bool incoming = rule.unknown == Unknown::incoming;
        fuzz::require(!incoming && rule == *strict, "what can be written is read as it was meant");
        return true;
    }
    fuzz::require(rule.unknown != Unknown::nothing, "what else is read is a newer version's");
    fuzz::require((rule.unknown == Unknown::action) == (rule.verdict == Verdict::refuse), "and refuses, or is no rule");
    fuzz::require(grammar_of(rule) > policy_grammar, "and no grammar of ours has it");
    return true;
}

// As the system does when it loads them, but for names that nobody has.
void resolve(Vector<Rule>& rules) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        Rule& rule = rules[i];
        if (!rule.via.text.empty()) rule.via.index = static_cast<std::uint32_t>(rule.via.text.size() % 4);
        if (!rule.interface_name || i % 3 == 0) continue;
        rule.interface_name.index = static_cast<std::uint32_t>(i);
        rule.source = IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i));
        if (rule.verdict == Verdict::through && i % 3 == 1) rule.source6 = rule.source.mapped();
    }
}

Tunnel some_tunnel() {
    Tunnel tunnel;
    tunnel.name = "t";
    tunnel.interface_index = 2;
    tunnel.address4 = {IpAddress::v4(10, 8, 0, 2), 24};
    tunnel.source4 = IpAddress::v4(192, 0, 2, 1);
    return tunnel;
}

bool same(const Decision& a, const Decision& b) {
    return a.verdict == b.verdict && a.reason == b.reason && a.otherwise == b.otherwise && a.rule == b.rule &&
           a.source == b.source && a.pin_interface == b.pin_interface && a.proxy_port == b.proxy_port;
}

void check_decisions(Vector<Rule> rules) {
    resolve(rules);
    const Policy policy = build_policy(std::move(rules), std::vector{some_tunnel()});
    const fuzz::FlowsNear near(policy.rules);
    for (const char* const process : {"C:\\Programs\\curl.exe", "c:/x/node.exe", ""}) {
        const PolicyIndex index(policy, process);
        const PolicyIndex incoming(policy, process, Direction::in);
        for (std::uint32_t i = 0; i < flows; ++i) {
            const IpAddress destination = near.destination(i);
            const std::uint16_t port = near.port(i);
            const Protocol protocol = i % 3 == 0 ? Protocol::udp : i % 7 == 0 ? Protocol::raw : Protocol::tcp;
            Route route;
            route.interface_index = i % 4;
            route.source = IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i % 3));
            const Decision decision = decide(policy, process, protocol, destination, port, route);
            fuzz::require(same(decision, index.decide(policy, protocol, destination, port, route)),
                          "the index decides as the rules one by one");
            const bool from_rule = decision.rule >= 0;
            fuzz::require(decision.rule < static_cast<std::int32_t>(policy.rules.size()), "the rule that won exists");
            fuzz::require(from_rule || decision.verdict == Verdict::keep, "without a rule nothing changes");
            fuzz::require(
                decision.verdict != Verdict::source || decision.source.family == destination.unmapped().family,
                "a source is of the destination's family");
            Decision let_in;
            if (!always_let_in(destination, let_in.reason)) {
                incoming.decide_rules(policy, Protocol::tcp, destination.unmapped(), port, {}, let_in);
            }
            fuzz::require(same(decide_incoming(policy, process, destination, port), let_in),
                          "and so for what comes in");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::string> lines = fuzz::split(fuzz::text_of(data, size), '\n', most_lines);
    Vector<Rule> newer;
    for (const std::string& line : lines) {
        check_line(line);
        Rule rule;
        if (check_newer_line(line, rule)) newer.push_back(std::move(rule));
    }
    check_decisions(std::move(newer));

    auto parsed = parse_rules(lines);
    if (const auto* const error = std::get_if<TextError>(&parsed)) {
        fuzz::require(error->line >= 1 && error->line <= lines.size(), "an error's line is one of them");
        fuzz::require(error->column >= 1 && error->column <= lines[error->line - 1].size() + 1,
                      "an error's column is in its line");
        return 0;
    }
    Vector<Rule> rules = std::get<Vector<Rule>>(std::move(parsed));
    fuzz::require(rules.size() <= lines.size(), "a line is at most one rule");
    check_decisions(std::move(rules));
    return 0;
}
