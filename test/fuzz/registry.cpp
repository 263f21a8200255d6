// What the policy store reads from the registry: values of any type and any bytes, and subkeys of any name: UTF-16 that
// may be none (lone surrogates), with zeros in it. The first byte is the type, the second says how long the tunnel's
// name is, which follows, as UTF-8 and as UTF-16; the rest is the value, and a longer name.
#include <algorithm>
#include <vector>

#include "../core/memory.hpp"
#include "core/arena.hpp"
#include "core/readable.hpp"
#include "core/stored_values.hpp"
#include "core/utf16.hpp"
#include "property.hpp"

using namespace lsp;

namespace {

void check_rules(std::uint32_t type, const std::vector<unsigned char>& bytes) {
    const StoredRules stored = parse_stored_rules(type, bytes);
    if (!stored.rejected.empty()) {
        fuzz::require(stored.rules.empty(), "a rejected policy has no rules");
        fuzz::require_message(stored.rejected);
        return;
    }
    fuzz::require(type == static_cast<std::uint32_t>(ValueType::lines), "only a list of lines is a policy");
    std::vector<std::string> lines = stored.lines;
    std::erase_if(lines, [](const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; });
    const std::vector<unsigned char> written = stored_rules(stored.lines);
    fuzz::require(written.size() <= bytes.size() + 2, "what is written again is no longer than it was");
    const StoredRules again = parse_stored_rules(type, written);
    fuzz::require(again.rejected.empty(), "a stored policy is accepted again");
    fuzz::require(again.lines == lines, "the lines are the same");
    fuzz::require(again.rules == stored.rules, "the rules are the same");
}

// What loading it takes is no more than is told before, by the bytes and the number of tunnels.
void check_bound(std::uint32_t type, const std::vector<unsigned char>& bytes) {
    const StoredBytes stored{type, bytes};
    const RulesBound bound = bound_rules(stored);
    const std::size_t tunnels = bytes.size() % 3;
    Tunnel tunnel;
    tunnel.interface_index = 2;
    tunnel.address4 = {IpAddress::v4(10, 8, 0, 2), 24};
    tunnel.source4 = IpAddress::v4(192, 0, 2, 1);
    tunnel.address6 = {IpAddress::v4(10, 8, 0, 2).mapped(), 64};
    tunnel.source6 = tunnel.address6.address;
    String line;
    line.reserve(bound.longest_line);
    const test_memory::ArenaInUse in_use(loaded_bytes(bound, tunnels));
    LoadedPolicy loaded;
    Fault fault;
    if (load_rules(stored, bound, tunnels, line, loaded, fault)) {
        for (Rule& rule : loaded.policy.rules) {
            if (rule.via) rule.via.index = 1;
            if (rule.interface_name) rule.source = IpAddress::v4(192, 0, 2, 1);
        }
        for (std::size_t i = 0; i < tunnels; ++i) load_tunnel(tunnel, loaded);
        load_index("C:\\Programs\\curl.exe", loaded);
    }
    fuzz::require(!in_use.arena().exhausted(), "a policy takes no more memory than its bytes told before");
}

void check_tunnel(std::string_view name, std::uint32_t type, const std::vector<unsigned char>& bytes) {
    const auto parsed = parse_stored_tunnel(name, type, bytes);
    if (const auto* const rejected = std::get_if<std::string>(&parsed)) {
        fuzz::require_message(*rejected);
        return;
    }
    const Tunnel& tunnel = std::get<Tunnel>(parsed);
    fuzz::require(tunnel_fault(tunnel).empty(), "an accepted tunnel can be published");
    fuzz::require(tunnel.name == name && is_tunnel_name(name), "a tunnel has its key's name");
    const std::vector<unsigned char> written = stored_tunnel(tunnel);
    fuzz::require(written.size() <= longest_definition_value, "what was read can be written");
    const auto again = parse_stored_tunnel(name, type, written);
    fuzz::require(std::holds_alternative<Tunnel>(again), "a stored tunnel is accepted again");
    fuzz::require(std::get<Tunnel>(again) == tunnel, "the tunnel is the same");
    const Policy policy = build_policy({}, std::vector{tunnel});
    fuzz::require(!policy.rules.empty() && policy.rules.size() <= 2, "a tunnel is one rule for each source");
    for (const Rule& rule : policy.rules) {
        const auto parsed_rule = parse_rule(to_string(rule));
        fuzz::require(std::holds_alternative<Rule>(parsed_rule), "a tunnel's rule has a text");
        fuzz::require(std::get<Rule>(parsed_rule) == rule, "which is that rule");
    }
}

// A subkey's name, as system/store_reader.cpp takes it.
void check_name(const unsigned char* units, std::size_t count) {
    constexpr std::size_t longest_name = 255;  // of a key, in units
    constexpr std::size_t utf8_of_unit = 3;
    count = std::min(count, longest_name);
    const test_memory::ArenaInUse in_use(Arena::rounded(count * utf8_of_unit + 1));
    String name;
    name.reserve(count * utf8_of_unit);
    text::write_utf8(name, units, count);
    fuzz::require(!in_use.arena().exhausted(), "a key's name takes no more memory than was reserved for it");
    fuzz::require_message(text::shown(name));
    if (!is_tunnel_name(name)) return;
    // So the key that is opened by the name that is told is this key and no other.
    std::size_t at = 0;
    bool same = true;
    text::to_utf16(name, [&](std::uint16_t unit) {
        same = same && at < count && units[2 * at] == (unit & 0xFFU) && units[2 * at + 1] == unit >> 8U;
        ++at;
    });
    fuzz::require(same && at == count, "a tunnel's name is the key's name, unit by unit");
}

void check_utf16(const std::vector<unsigned char>& bytes) {
    const std::string utf8 = text::from_utf16(bytes.data(), bytes.size() / 2);
    std::vector<unsigned char> again;
    text::to_utf16(utf8, [&again](std::uint16_t unit) {
        again.push_back(static_cast<unsigned char>(unit & 0xFFU));
        again.push_back(static_cast<unsigned char>(unit >> 8U));
    });
    fuzz::require(text::from_utf16(again.data(), again.size() / 2) == utf8, "UTF-8 survives UTF-16");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint32_t type = data[0];
    const std::size_t name_length = std::min<std::size_t>(data[1] % 72, size - 2);
    const std::string name(fuzz::text_of(data + 2, name_length));
    const std::vector<unsigned char> bytes(data + 2 + name_length, data + size);
    check_rules(type, bytes);
    check_bound(type, bytes);
    check_tunnel(name, type, bytes);
    check_name(data + 2, name_length / 2);
    check_name(bytes.data(), bytes.size() / 2);
    check_utf16(bytes);
    return 0;
}
