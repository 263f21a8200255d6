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

// A SOCKS5 proxy that a rule names.
struct Proxy {
    IpAddress address;
    std::uint16_t port = 0;

    friend bool operator==(const Proxy&, const Proxy&) = default;
};

// What every process decides by. Immutable once built; the first matching rule wins.
struct Policy {
    Vector<Rule> rules;          // the administrator's, then one or two for each tunnel
    Vector<Prefix> own_subnets;  // of the tunnels that are not delegated: always kept, whatever the rules say
    Vector<Proxy> proxies;       // of all rules, each once: TCP to them is always kept (note_proxies)
    bool empty() const noexcept { return rules.empty(); }
};

// What a policy's text may say is numbered, so that what writes one knows which DLLs understand it: the DLL's file has
// the number (provider/identity.cpp). Whoever adds a word adds one here, and gives the word its `since` in policy.cpp.
// An old action never gets another tail: that would be a fault to older versions, which reject all of a text for it; a
// new one has a word of its own, which they refuse. 0 is `keep` and `refuse` alone; 1 has `source`; 2 has `through`,
// `socks5` and rules that begin with `in`.
#if !defined(WINSOCK_LSP_POLICY_GRAMMAR)  // the tests build an older DLL
#define WINSOCK_LSP_POLICY_GRAMMAR 2
#endif
inline constexpr std::uint32_t policy_grammar = WINSOCK_LSP_POLICY_GRAMMAR;
inline constexpr std::uint32_t first_policy_grammar = 1;    // of the DLLs without the number
inline constexpr std::uint32_t first_incoming_grammar = 2;  // that judges what comes in; older ones let it in

// The first grammar that has all of the rule. For one that this version does not know: the next to its own.
std::uint32_t grammar_of(const Rule& rule) noexcept;

// What becomes of a line that a newer version may have written (Rule::unknown): for those who write a policy it is
// wrong; those who go by what others wrote take it as said there.
enum class NewerLines : std::uint8_t { reject, take };

// One rule from one line, e.g.  "app curl.exe to 10.0.0.0/8,1.2.3.4 port 80,443-445 proto tcp via 12 source 11.22.33.44
// otherwise refuse". Matchers in any order, each at most once, then the action. Blank lines and lines that start with
// '#' are not rules: see is_rule_line. Words stand between spaces and tabs, keywords in any case; lists are separated
// by commas alone. A value may stand in double quotes, where a doubled quote is a quote; a quoted number after `via` or
// `interface` is a name, not an index. False if it is none, and `fault` says why: the column is the word's, or the
// value's in a list, or the line's end where one is missing; Fault::line is 0. `rule` is overwritten in either case.
// Memory: only what the rule holds. With NewerLines::take a line whose matchers are good, and whose action is a word
// (a letter, then letters, digits and -) that this version does not know, is a rule that refuses. What follows that
// word is not looked at, but for its characters and quotes.
bool read_rule(std::string_view line, Rule& rule, Fault& fault, NewerLines newer = NewerLines::reject);

// False for a blank line and a comment (spaces and tabs may precede the '#').
bool is_rule_line(std::string_view line) noexcept;

inline constexpr std::size_t longest_rule = 4096;  // bytes in a line, as given and as printed
inline constexpr std::size_t longest_list = 1024;  // prefixes, or port ranges, in a list

// The administrator's rules first, then the tunnels' (design §4: via the tunnel interface, except its subnet → source).
Policy build_policy(Vector<Rule> rules, std::span<const Tunnel> tunnels);
void add_tunnel(const Tunnel& tunnel, Policy& policy);
// Writes Policy::proxies, once the administrator's rules are there. Memory: sizeof(Proxy) for each rule that has one.
void note_proxies(Policy& policy);

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
