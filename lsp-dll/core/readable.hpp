// The core for people: texts as strings, and why one was rejected as a sentence. For setup, the addon and the tests;
// nothing of it is linked into winsock-lsp.dll.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image_name.hpp"
#include "loaded_policy.hpp"
#include "text_error.hpp"

namespace lsp {

namespace text {

std::string decimal(std::uint64_t number);
// The text as a message may repeat it: in double quotes, or described where it is longer than `longest_shown` bytes or
// holds what find_unprintable finds.
std::string shown(std::string_view text);
// As write_utf8.
std::string from_utf16(const void* units, std::size_t count);
// As Pieces.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace text

// As the parsers read them (address.hpp, policy.hpp, tunnel.hpp). A rule is written as it was before the system
// resolved names: an interface's text goes before its index, `source interface` before the address found for it.
std::string to_string(const IpAddress& address);
std::string to_string(const Prefix& prefix);
std::string endpoint_text(const IpAddress& address, std::uint16_t port);  // "1.2.3.4:80", "[2001:db8::1]:80"
std::string to_string(const Rule& rule);
std::string to_string(const Tunnel& tunnel);
// A program's name, which may have been cut within a character; without control characters.
std::string readable_image(const ImageName& image);

// What is wrong, and where it was expected; empty for none. Repeats no piece that is longer than `longest_shown` bytes
// or unprintable.
std::string rule_fault_text(const Fault& fault);
std::string tunnel_fault_text(const Fault& fault);
// The same for a registry value, whose own faults have no column: "line 3, column 5: …".
std::string stored_rules_fault_text(const Fault& fault);
std::string stored_tunnel_fault_text(const Fault& fault);

// read_rule, read_tunnel and find_tunnel_fault with such sentences.
std::variant<Rule, TextError> parse_rule(std::string_view line);
std::variant<Tunnel, TextError> parse_tunnel(std::string_view name, std::string_view text);
std::string tunnel_fault(const Tunnel& tunnel);
// All lines or nothing. Lines that are no rules (is_rule_line) are passed over; TextError::line counts from 1.
std::variant<Vector<Rule>, TextError> parse_rules(const std::vector<std::string>& lines);

std::uint32_t policy_stamp(const std::vector<std::string>& lines, const std::vector<Tunnel>& tunnels);

struct StoredRules {
    std::vector<std::string> lines;
    Vector<Rule> rules;
    std::string rejected;  // why, with line and column where it is a line's fault; then there are no rules
};

// The value "Policy". `type` is what the registry says.
StoredRules parse_stored_rules(std::uint32_t type, const std::vector<unsigned char>& bytes);
// Lines without a character other than blanks are left out: the registry cannot hold them. parse_stored_rules gives the
// others back.
std::vector<unsigned char> stored_rules(const std::vector<std::string>& lines);

// The value "Definition" of the tunnel `name`: the tunnel, or why it is none.
std::variant<Tunnel, std::string> parse_stored_tunnel(std::string_view name, std::uint32_t type,
                                                      const std::vector<unsigned char>& bytes);
std::vector<unsigned char> stored_tunnel(const Tunnel& tunnel);

}  // namespace lsp
