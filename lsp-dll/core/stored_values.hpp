// What the policy store's registry values hold, from and to the bytes that the registry keeps. Whoever may write there
// may have written anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy.hpp"
#include "tunnel.hpp"

namespace lsp {

// The registry's types by their numbers (winnt.h).
enum class ValueType : std::uint32_t { text = 1, lines = 7 };  // REG_SZ, REG_MULTI_SZ

inline constexpr std::size_t longest_policy_value = 2 * 1024 * 1024;  // bytes
inline constexpr std::size_t longest_definition_value = 4 * 1024;     // bytes

struct StoredRules {
    std::vector<std::string> lines;
    std::vector<Rule> rules;
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
