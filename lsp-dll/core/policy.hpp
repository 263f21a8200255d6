// The policy: rules in order, and their text form, one rule a line (grammar: docs/policy.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rule.hpp"
#include "text_error.hpp"
#include "tunnel.hpp"

namespace lsp {

// What every process decides by. Immutable once built; the first matching rule wins.
struct Policy {
    std::vector<Rule> rules;          // the administrator's, then one or two for each tunnel
    std::vector<Prefix> own_subnets;  // of the tunnels that are not delegated: always kept, whatever the rules say
    bool empty() const noexcept { return rules.empty(); }
};

// One rule from one line, e.g.  "app curl.exe to 10.0.0.0/8,1.2.3.4 port 80,443-445 proto tcp via 12 source 11.22.33.44
// otherwise refuse". Matchers in any order, each at most once, then the action. Blank lines and lines that start with
// '#' are not rules: see parse_rules. Words stand between spaces and tabs, keywords in any case; lists are separated by
// commas alone. A value may stand in double quotes, where a doubled quote is a quote; a quoted number after `via` or
// `interface` is a name, not an index. Errors: the column of the word, or of the value in a list, or the line's end where
// one is missing. TextError::line is 0.
std::variant<Rule, TextError> parse_rule(std::string_view line);
// parse_rule gives the same rule back, as it was before the system resolved names: an interface's text goes before its
// index, `source interface` before the address found for it.
std::string to_string(const Rule& rule);

inline constexpr std::size_t longest_rule = 4096;  // bytes in a line, as given and as printed
inline constexpr std::size_t longest_list = 1024;  // prefixes, or port ranges, in a list

// All lines or nothing. Blank lines and comments (spaces and tabs may precede the '#') are passed over; TextError::line
// counts from 1.
std::variant<std::vector<Rule>, TextError> parse_rules(const std::vector<std::string>& lines);

// The administrator's rules first, then the tunnels' (design §4: via the tunnel interface, except its subnet → source).
Policy build_policy(std::vector<Rule> rules, const std::vector<Tunnel>& tunnels);

// A number by which a recorded decision's rule number is only looked up in the policy that it is of (FNV-1a of the
// lines and the tunnels' texts).
std::uint32_t policy_stamp(const std::vector<std::string>& lines, const std::vector<Tunnel>& tunnels);

}  // namespace lsp
