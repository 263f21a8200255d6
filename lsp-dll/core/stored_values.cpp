#include "stored_values.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"
#include "utf16.hpp"

namespace lsp {
namespace {

constexpr std::size_t unit_size = 2;

bool is_zero(std::span<const unsigned char> bytes, std::size_t unit) noexcept {
    return bytes[unit_size * unit] == 0 && bytes[unit_size * unit + 1] == 0;
}

Fault value_fault(FaultKind kind, StoredValue value, std::uint64_t number = 0) noexcept {
    Fault fault;
    fault.kind = kind;
    fault.word = static_cast<std::uint8_t>(value);
    fault.number = number;
    return fault;
}

// False if there is no memory for it.
bool decode(String& line, const unsigned char* units, std::size_t count) {
    text::Length length;
    text::write_utf8(length, units, count);
    line.clear();
    if (!line.reserve(length.size())) return false;
    text::write_utf8(line, units, count);
    return true;
}

}  // namespace

Fault find_value_fault(StoredValue value, StoredBytes stored, std::size_t& units) noexcept {
    const bool rules = value == StoredValue::policy;
    const std::size_t limit = rules ? longest_policy_value : longest_definition_value;
    const auto bytes = stored.bytes;
    units = 0;
    if (stored.type != static_cast<std::uint32_t>(rules ? ValueType::lines : ValueType::text)) {
        return value_fault(FaultKind::value_type, value, stored.type);
    }
    if (bytes.size() > limit) return value_fault(FaultKind::value_too_long, value, limit);
    if (bytes.size() % unit_size != 0) return value_fault(FaultKind::value_torn, value);
    const std::size_t count = bytes.size() / unit_size;
    if (count == 0) return {};
    if (!is_zero(bytes, count - 1)) return value_fault(FaultKind::value_unended, value);
    units = count - 1;
    while (rules && units > 0 && is_zero(bytes, units - 1)) --units;
    return {};
}

RulesBound bound_rules(StoredBytes stored) noexcept {
    RulesBound bound;
    std::size_t units = 0;
    if (find_value_fault(StoredValue::policy, stored, units)) return bound;
    for_each_stored_line(stored, units, [&bound](const unsigned char* line, std::size_t count) {
        if (count == 0) return true;
        text::Length length;
        text::write_utf8(length, line, count);
        ++bound.lines;
        bound.text += length.size();
        bound.longest_line = std::max(bound.longest_line, length.size());
        bound.items += 3;  // a value in each of `to`, `except` and `port`, and one more for each comma
        for (std::size_t i = 0; i < count; ++i) {
            if (line[unit_size * i + 1] != 0) continue;
            if (line[unit_size * i] == ',') ++bound.items;
            if (line[unit_size * i] == '-') ++bound.ranges;
        }
        return true;
    });
    return bound;
}

bool read_stored_rules(StoredBytes stored, String& line, Vector<Rule>& rules, PolicyStamp& stamp, Fault& fault) {
    const std::size_t before = rules.size();
    std::size_t units = 0;
    std::size_t number = 0;
    fault = find_value_fault(StoredValue::policy, stored, units);
    if (fault) return false;
    for_each_stored_line(stored, units, [&](const unsigned char* text, std::size_t count) {
        ++number;
        if (!decode(line, text, count)) return false;
        stamp.add_line(line);
        if (!is_rule_line(line)) return true;
        Rule rule;
        if (!read_rule(line, rule, fault, NewerLines::take)) return false;
        return rules.push_back(std::move(rule));
    });
    if (!fault) return true;
    fault.line = number;
    while (rules.size() > before) rules.pop_back();
    return false;
}

bool read_stored_tunnel(std::string_view name, StoredBytes stored, String& line, Tunnel& tunnel, Fault& fault) {
    std::size_t units = 0;
    fault = find_value_fault(StoredValue::definition, stored, units);
    if (fault) return false;
    decode(line, stored.bytes.data(), units);
    return read_tunnel(name, line, tunnel, fault);
}

}  // namespace lsp
