#include "readable.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"
#include "utf16.hpp"
#include "written.hpp"

namespace lsp {
namespace {

template <typename Value>
std::string written_text(const Value& value) {
    std::string out;
    written::write(out, value);
    return out;
}

void append_utf16(std::vector<unsigned char>& out, std::string_view utf8) {
    text::to_utf16(utf8, [&out](std::uint16_t unit) {
        out.push_back(static_cast<unsigned char>(unit & 0xFFU));
        out.push_back(static_cast<unsigned char>(unit >> 8U));
    });
}

void append_zero(std::vector<unsigned char>& out) { out.insert(out.end(), 2, 0); }

}  // namespace

namespace text {

std::string decimal(std::uint64_t number) {
    std::string out;
    write_decimal(out, number);
    return out;
}

std::string shown(std::string_view text) {
    if (text.size() > longest_shown) return "a text of " + decimal(text.size()) + " bytes";
    if (const auto bad = find_unprintable(text, false)) {
        return bad->control ? "a text with control characters" : "a text that is not UTF-8";
    }
    std::string result = "\"";
    result += text;
    result += '"';
    return result;
}

std::string from_utf16(const void* units, std::size_t count) {
    std::string out;
    out.reserve(count);
    write_utf8(out, units, count);
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> result;
    std::string_view piece;
    for (Pieces pieces(text, separator); pieces.next(piece);) result.push_back(piece);
    return result;
}

}  // namespace text

std::string to_string(const IpAddress& address) { return written_text(address); }
std::string to_string(const Prefix& prefix) { return written_text(prefix); }
std::string endpoint_text(const IpAddress& address, std::uint16_t port) {
    std::string text;
    written::write_endpoint(text, address, port);
    return text;
}
std::string to_string(const Rule& rule) { return written_text(rule); }
std::string to_string(const Tunnel& tunnel) { return written_text(tunnel); }

std::string readable_image(const ImageName& image) {
    std::string text(image, std::find(image, image + longest_image_name, '\0'));
    while (const auto bad = text::find_unprintable(text, false)) text[bad->position] = '?';
    return text;
}

std::variant<Rule, TextError> parse_rule(std::string_view line) {
    Rule rule;
    Fault fault;
    if (read_rule(line, rule, fault)) return rule;
    return TextError{0, fault.column, rule_fault_text(fault)};
}

std::variant<Tunnel, TextError> parse_tunnel(std::string_view name, std::string_view text) {
    Tunnel tunnel;
    Fault fault;
    if (read_tunnel(name, text, tunnel, fault)) return tunnel;
    return TextError{0, fault.column, tunnel_fault_text(fault)};
}

std::string tunnel_fault(const Tunnel& tunnel) { return tunnel_fault_text(find_tunnel_fault(tunnel)); }

std::variant<Vector<Rule>, TextError> parse_rules(const std::vector<std::string>& lines) {
    Vector<Rule> rules;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!is_rule_line(lines[i])) continue;
        Rule rule;
        Fault fault;
        if (!read_rule(lines[i], rule, fault)) return TextError{i + 1, fault.column, rule_fault_text(fault)};
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::uint32_t policy_stamp(const std::vector<std::string>& lines, const std::vector<Tunnel>& tunnels) {
    PolicyStamp stamp;
    for (const std::string& line : lines) stamp.add_line(line);
    for (const Tunnel& tunnel : tunnels) stamp.add_tunnel(tunnel);
    return stamp;
}

StoredRules parse_stored_rules(std::uint32_t type, const std::vector<unsigned char>& bytes) {
    StoredRules stored;
    const StoredBytes value{type, bytes};
    String line;
    PolicyStamp stamp;
    Fault fault;
    if (!read_stored_rules(value, line, stored.rules, stamp, fault)) stored.rejected = stored_rules_fault_text(fault);
    std::size_t units = 0;
    if (find_value_fault(StoredValue::policy, value, units)) return stored;
    for_each_stored_line(value, units, [&stored](const unsigned char* text, std::size_t count) {
        stored.lines.push_back(text::from_utf16(text, count));
        return true;
    });
    return stored;
}

std::vector<unsigned char> stored_rules(const std::vector<std::string>& lines) {
    std::vector<unsigned char> bytes;
    for (const std::string& line : lines) {
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        append_utf16(bytes, line);
        append_zero(bytes);
    }
    append_zero(bytes);
    return bytes;
}

std::variant<Tunnel, std::string> parse_stored_tunnel(std::string_view name, std::uint32_t type,
                                                      const std::vector<unsigned char>& bytes) {
    String line;
    Tunnel tunnel;
    Fault fault;
    if (read_stored_tunnel(name, {type, bytes}, line, tunnel, fault)) return tunnel;
    return stored_tunnel_fault_text(fault);
}

std::vector<unsigned char> stored_tunnel(const Tunnel& tunnel) {
    std::vector<unsigned char> bytes;
    append_utf16(bytes, to_string(tunnel));
    append_zero(bytes);
    return bytes;
}

}  // namespace lsp
