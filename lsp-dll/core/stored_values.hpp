// What the policy store's registry values hold, from and to the bytes that the registry keeps. Whoever may write there
// may have written anything. readable.hpp has what writes them, and the reasons as sentences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fault.hpp"
#include "policy.hpp"
#include "tunnel.hpp"

namespace lsp {

// The registry's types by their numbers (winnt.h).
enum class ValueType : std::uint32_t { text = 1, lines = 7 };  // REG_SZ, REG_MULTI_SZ

inline constexpr std::size_t longest_policy_value = 2 * 1024 * 1024;  // bytes
inline constexpr std::size_t longest_definition_value = 4 * 1024;     // bytes

// A value as the registry gives it.
struct StoredBytes {
    std::uint32_t type = 0;
    std::span<const unsigned char> bytes;
};

// Why the value is not what its name says, or none: another type, too long, not whole characters up to a zero. `units`
// is how many characters (UTF-16) there are to read: without the zeros that they end with.
Fault find_value_fault(StoredValue value, StoredBytes stored, std::size_t& units) noexcept;

// What the rules of a value need, told by its bytes alone: nothing that they hold can need more (test/fuzz). All zeros
// for a value that find_value_fault rejects, or without a line.
struct RulesBound {
    std::size_t lines = 0;         // that can be rules
    std::size_t items = 0;         // in their lists
    std::size_t ranges = 0;        // of ports
    std::size_t text = 0;          // bytes of UTF-8 in all lines
    std::size_t longest_line = 0;  // …
};
RulesBound bound_rules(StoredBytes stored) noexcept;

// Calls `visit(units, count)` with each line's characters, which are not aligned; the empty ones between others, too.
template <typename Visit>
void for_each_stored_line(StoredBytes stored, std::size_t units, Visit visit) {
    const unsigned char* const bytes = stored.bytes.data();
    for (std::size_t start = 0; start < units;) {
        std::size_t end = start;
        while (end < units && (bytes[2 * end] != 0 || bytes[2 * end + 1] != 0)) ++end;
        if (!visit(bytes + 2 * start, end - start)) return;
        start = end + 1;
    }
}

// The value "Policy": its rules are added to `rules`, all lines to `stamp`. Each line that is_rule_line is one, also
// those that a newer version wrote (NewerLines::take). All rules or none: false if a line is none,
// or the value is no list of lines, and `fault` says why (Fault::line is 0 if it is the value's own). `line` is where
// the lines are put one after the other.
bool read_stored_rules(StoredBytes stored, String& line, Vector<Rule>& rules, PolicyStamp& stamp, Fault& fault);

// The value "Definition" of the tunnel `name`. As read_tunnel; a fault of the value's own has Fault::column 0.
bool read_stored_tunnel(std::string_view name, StoredBytes stored, String& line, Tunnel& tunnel, Fault& fault);

}  // namespace lsp
