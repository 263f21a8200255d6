#include "stored_values.hpp"

#include <algorithm>

#include "text.hpp"
#include "utf16.hpp"

namespace lsp {
namespace {

constexpr std::size_t unit_size = 2;

const char* type_name(std::uint32_t type) {
    switch (type) {
        case 0: return "REG_NONE";
        case 1: return "REG_SZ";
        case 2: return "REG_EXPAND_SZ";
        case 3: return "REG_BINARY";
        case 4: return "REG_DWORD";
        case 6: return "REG_LINK";
        case 7: return "REG_MULTI_SZ";
        case 11: return "REG_QWORD";
        default: return "another type";
    }
}

// How many characters the value has, without the zero that it must end with. A reason if it is anything else than such.
std::string count_characters(const char* value, ValueType expected, std::size_t limit, std::uint32_t type,
                             const std::vector<unsigned char>& bytes, std::size_t& count) {
    const std::string subject = std::string("the value ") + value;
    const auto wanted = static_cast<std::uint32_t>(expected);
    if (type != wanted) return subject + " is " + type_name(type) + ", expected " + type_name(wanted);
    if (bytes.size() > limit) return subject + " is longer than " + text::decimal(limit) + " bytes";
    if (bytes.size() % unit_size != 0) return subject + " ends within a character";
    count = bytes.size() / unit_size;
    if (count == 0) return {};
    if (bytes[bytes.size() - 2] != 0 || bytes[bytes.size() - 1] != 0) {
        return subject + " does not end with a zero character";
    }
    --count;
    return {};
}

void append(std::vector<unsigned char>& out, std::string_view utf8) {
    text::to_utf16(utf8, [&out](std::uint16_t unit) {
        out.push_back(static_cast<unsigned char>(unit & 0xFFU));
        out.push_back(static_cast<unsigned char>(unit >> 8U));
    });
}

void append_zero(std::vector<unsigned char>& out) { out.insert(out.end(), unit_size, 0); }

}  // namespace

StoredRules parse_stored_rules(std::uint32_t type, const std::vector<unsigned char>& bytes) {
    StoredRules stored;
    std::size_t count = 0;
    stored.rejected = count_characters("Policy", ValueType::lines, longest_policy_value, type, bytes, count);
    if (!stored.rejected.empty()) return stored;

    for (std::size_t start = 0; start < count;) {
        std::size_t end = start;
        while (end < count && (bytes[unit_size * end] != 0 || bytes[unit_size * end + 1] != 0)) ++end;
        stored.lines.push_back(text::from_utf16(bytes.data() + unit_size * start, end - start));
        start = end + 1;
    }
    while (!stored.lines.empty() && stored.lines.back().empty()) stored.lines.pop_back();

    auto parsed = parse_rules(stored.lines);
    if (const TextError* const fault = std::get_if<TextError>(&parsed)) {
        stored.rejected =
            "line " + text::decimal(fault->line) + ", column " + text::decimal(fault->column) + ": " + fault->message;
    } else {
        stored.rules = std::move(std::get<0>(parsed));
    }
    return stored;
}

std::vector<unsigned char> stored_rules(const std::vector<std::string>& lines) {
    std::vector<unsigned char> bytes;
    for (const std::string& line : lines) {
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        append(bytes, line);
        append_zero(bytes);
    }
    append_zero(bytes);
    return bytes;
}

std::variant<Tunnel, std::string> parse_stored_tunnel(std::string_view name, std::uint32_t type,
                                                      const std::vector<unsigned char>& bytes) {
    std::size_t count = 0;
    std::string rejected =
        count_characters("Definition", ValueType::text, longest_definition_value, type, bytes, count);
    if (!rejected.empty()) return rejected;
    auto parsed = parse_tunnel(name, text::from_utf16(bytes.data(), count));
    if (const TextError* const fault = std::get_if<TextError>(&parsed)) {
        return "column " + text::decimal(fault->column) + ": " + fault->message;
    }
    return std::move(std::get<Tunnel>(parsed));
}

std::vector<unsigned char> stored_tunnel(const Tunnel& tunnel) {
    std::vector<unsigned char> bytes;
    append(bytes, to_string(tunnel));
    append_zero(bytes);
    return bytes;
}

}  // namespace lsp
