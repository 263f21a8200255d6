// The policy: rules in order, and their text form, one rule a line (grammar: docs/policy.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fault.hpp"
#include "rule.hpp"
#include "tunnel.hpp"

namespace lsp {

// What every process decides by. Immutable once built; the first matching rule wins.
struct Policy {
    Vector<Rule> rules;          // the administrator's, then one or two for each tunnel
    Vector<Prefix> own_subnets;  // of the tunnels that are not delegated: always kept, whatever the rules say
    bool empty() const noexcept { return rules.empty(); }
};

// One rule from one line, e.g.  "app curl.exe to 10.0.0.0/8,1.2.3.4 port 80,443-445 proto tcp via 12 source 11.22.33.44
// otherwise refuse". Matchers in any order, each at most once, then the action. Blank lines and lines that start with
// '#' are not rules: see is_rule_line. Words stand between spaces and tabs, keywords in any case; lists are separated
// by commas alone. A value may stand in double quotes, where a doubled quote is a quote; a quoted number after `via` or
// `interface` is a name, not an index. False if it is none, and `fault` says why: the column is the word's, or the
// value's in a list, or the line's end where one is missing; Fault::line is 0. `rule` is overwritten in either case.
// Memory: only what the rule holds.
bool read_rule(std::string_view line, Rule& rule, Fault& fault);

// False for a blank line and a comment (spaces and tabs may precede the '#').
bool is_rule_line(std::string_view line) noexcept;

inline constexpr std::size_t longest_rule = 4096;  // bytes in a line, as given and as printed
inline constexpr std::size_t longest_list = 1024;  // prefixes, or port ranges, in a list

// The administrator's rules first, then the tunnels' (design §4: via the tunnel interface, except its subnet → source).
Policy build_policy(Vector<Rule> rules, std::span<const Tunnel> tunnels);
void add_tunnel(const Tunnel& tunnel, Policy& policy);

// A number by which a recorded decision's rule number is only looked up in the policy that it is of: FNV-1a of all
// lines and then of each tunnel's name and text.
class PolicyStamp {
  public:
    void add_line(std::string_view line) noexcept;
    void add_tunnel(const Tunnel& tunnel) noexcept;
    operator std::uint32_t() const noexcept { return value_; }

    // Takes the characters of the stamped texts.
    PolicyStamp& operator+=(char c) noexcept {
        value_ = (value_ ^ static_cast<unsigned char>(c)) * 16777619U;
        return *this;
    }
    PolicyStamp& operator+=(std::string_view text) noexcept {
        for (const char c : text) *this += c;
        return *this;
    }

  private:
    std::uint32_t value_ = 2166136261U;
};

}  // namespace lsp
