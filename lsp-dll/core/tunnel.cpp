#include "tunnel.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"

namespace lsp {
namespace {

Fault fault_with(FaultKind kind, const Prefix& prefix = {}) noexcept {
    Fault fault;
    fault.kind = kind;
    fault.prefix = prefix;
    return fault;
}

Fault find_address_fault(const Prefix& prefix, Family family) noexcept {
    if (!prefix.address) return {};
    if (prefix.address.family != family) return fault_with(FaultKind::address_family);
    if (special_kind(prefix.address) != nullptr && !prefix.address.is_link_local()) {
        return fault_with(FaultKind::address_special, prefix);
    }
    if (prefix.length > prefix.address.bit_length()) return fault_with(FaultKind::prefix_too_long);
    if (prefix.length == 0) return fault_with(FaultKind::subnet_of_all);
    if (subnet_kind(prefix, prefix.address) != nullptr) return fault_with(FaultKind::address_in_subnet, prefix);
    return {};
}

Fault find_source_fault(const IpAddress& source, Family family, const Prefix& subnet) noexcept {
    if (!source) return {};
    if (source.family != family) return fault_with(FaultKind::source_family);
    const Prefix in_subnet{source, subnet.length};
    if (!subnet.address) return fault_with(FaultKind::source_without_address, in_subnet);
    if (special_kind(source) != nullptr) return fault_with(FaultKind::source_special, in_subnet);
    if (source == subnet.address) return fault_with(FaultKind::source_is_tunnels, in_subnet);
    if (subnet_kind(subnet, source) != nullptr) return fault_with(FaultKind::source_in_subnet, in_subnet);
    return {};
}

// One line. Each step answers false once it has left its reason in `fault_`.
class TunnelParser {
  public:
    TunnelParser(Tunnel& tunnel, Fault& fault) noexcept : tunnel_(tunnel), fault_(fault) {}

    bool parse(std::string_view name, std::string_view line) {
        tunnel_ = Tunnel{};
        fault_ = Fault{};
        tunnel_.name = name;
        return is_line(line) && words(line) && complete();
    }

  private:
    struct Key {
        const char* name;
        bool (TunnelParser::*read)(std::string_view);
        bool required;
    };
    static constexpr std::size_t key_count = 5;
    static const Key key_table[key_count];  // in the order of TunnelKey

    // At the word that is being read.
    bool fail(FaultKind kind) noexcept {
        fault_.kind = kind;
        fault_.column = column_;
        return false;
    }
    bool fail(FaultKind kind, std::string_view piece) noexcept {
        fault_.set_piece(piece);
        return fail(kind);
    }

    bool is_line(std::string_view line) noexcept {
        column_ = 1;
        if (line.size() > longest_tunnel_text) {
            fault_.number = line.size();
            return fail(FaultKind::too_long);
        }
        if (const auto bad = text::find_unprintable(line, true)) {
            column_ = bad->position + 1;
            return fail(bad->control ? FaultKind::control_character : FaultKind::not_utf8);
        }
        return true;
    }

    bool words(std::string_view line) noexcept {
        for (std::size_t i = line.find_first_not_of(" \t"); i != std::string_view::npos;) {
            const std::size_t end = std::min(line.find_first_of(" \t", i), line.size());
            column_ = i + 1;
            if (!word(text::piece_of(line, i, end - i))) return false;
            i = line.find_first_not_of(" \t", end);
        }
        column_ = line.size() + 1;
        return true;
    }

    bool word(std::string_view word) noexcept {
        const std::size_t equals = word.find('=');
        const std::string_view name = text::piece_of(word, 0, equals);
        for (std::size_t k = 0; k < key_count; ++k) {
            if (name != key_table[k].name || equals == std::string_view::npos) continue;
            if (seen_[k]) return fail(FaultKind::second_key, name);
            seen_[k] = true;
            return (this->*key_table[k].read)(text::piece_of(word, equals + 1));
        }
        return fail(FaultKind::expected_key, word);
    }

    bool complete() noexcept {
        for (std::size_t k = 0; k < key_count; ++k) {
            if (!key_table[k].required || seen_[k]) continue;
            fault_.word = static_cast<std::uint8_t>(k);
            return fail(FaultKind::key_missing);
        }
        fault_ = find_tunnel_fault(tunnel_);
        fault_.column = 1;
        return !fault_;
    }

    bool read_interface(std::string_view value) noexcept {
        const auto index = text::parse_number(value, UINT32_MAX);
        if (!index || *index == 0) return fail(FaultKind::expected_interface, value);
        tunnel_.interface_index = static_cast<std::uint32_t>(*index);
        return true;
    }

    bool read_address(std::string_view value) noexcept {
        std::string_view piece;
        for (text::Pieces pieces(value, ','); pieces.next(piece);) {
            const auto prefix = parse_prefix(piece);
            if (!prefix) return fail(FaultKind::expected_subnet, piece);
            Prefix& place = prefix->address.family == Family::ipv4 ? tunnel_.address4 : tunnel_.address6;
            if (place.address) return fail(FaultKind::second_subnet, piece);
            place = *prefix;
        }
        return true;
    }

    bool read_source(std::string_view value) noexcept {
        std::string_view piece;
        for (text::Pieces pieces(value, ','); pieces.next(piece);) {
            const auto address = parse_address(piece);
            if (!address) return fail(FaultKind::expected_tunnel_source, piece);
            IpAddress& place = address->family == Family::ipv4 ? tunnel_.source4 : tunnel_.source6;
            if (place) return fail(FaultKind::second_source, piece);
            place = *address;
        }
        return true;
    }

    bool read_otherwise(std::string_view value) noexcept {
        for (const Otherwise candidate : {Otherwise::keep, Otherwise::refuse}) {
            if (value == to_string(candidate)) {
                tunnel_.otherwise = candidate;
                return true;
            }
        }
        return fail(FaultKind::expected_otherwise, value);
    }

    bool read_publisher(std::string_view value) noexcept {
        const std::size_t at = value.find('@');
        const auto id = text::parse_number(text::piece_of(value, 0, at), UINT32_MAX);
        const auto started =
            at == std::string_view::npos ? std::nullopt : text::parse_number(text::piece_of(value, at + 1), UINT64_MAX);
        if (!id || *id == 0 || !started) return fail(FaultKind::expected_publisher, value);
        tunnel_.publisher = {static_cast<std::uint32_t>(*id), *started};
        return true;
    }

    std::size_t column_ = 1;
    bool seen_[key_count] = {};
    Tunnel& tunnel_;
    Fault& fault_;
};

constinit const TunnelParser::Key TunnelParser::key_table[key_count] = {
    {"interface", &TunnelParser::read_interface, true},  {"address", &TunnelParser::read_address, true},
    {"source", &TunnelParser::read_source, true},        {"otherwise", &TunnelParser::read_otherwise, false},
    {"publisher", &TunnelParser::read_publisher, false},
};

}  // namespace

bool is_tunnel_name(std::string_view name) noexcept { return text::is_name(name); }

Fault find_tunnel_fault(const Tunnel& tunnel) noexcept {
    if (!is_tunnel_name(tunnel.name)) {
        Fault fault = fault_with(FaultKind::tunnel_name);
        fault.set_piece(tunnel.name);
        return fault;
    }
    if (tunnel.interface_index == 0) return fault_with(FaultKind::no_interface);
    if (!tunnel.address4.address && !tunnel.address6.address) return fault_with(FaultKind::no_address);
    if (const Fault fault = find_address_fault(tunnel.address4, Family::ipv4)) return fault;
    if (const Fault fault = find_address_fault(tunnel.address6, Family::ipv6)) return fault;
    if (!tunnel.source4 && !tunnel.source6) return fault_with(FaultKind::no_source);
    if (const Fault fault = find_source_fault(tunnel.source4, Family::ipv4, tunnel.address4)) return fault;
    if (const Fault fault = find_source_fault(tunnel.source6, Family::ipv6, tunnel.address6)) return fault;
    if (tunnel.publisher.process_id == 0 && tunnel.publisher.started != 0) {
        return fault_with(FaultKind::publisher_without_id);
    }
    return {};
}

bool read_tunnel(std::string_view name, std::string_view text, Tunnel& tunnel, Fault& fault) {
    return TunnelParser(tunnel, fault).parse(name, text);
}

void add_tunnel_rules(const Tunnel& tunnel, Vector<Rule>& rules) {
    struct {
        const Prefix& subnet;
        const IpAddress& source;
    } const families[] = {{tunnel.address4, tunnel.source4}, {tunnel.address6, tunnel.source6}};
    for (const auto& [subnet, source] : families) {
        if (!source) continue;
        Rule rule;
        if (subnet.address && rule.except.reserve(1)) rule.except.push_back({subnet.network(), subnet.length});
        rule.via.index = tunnel.interface_index;
        rule.verdict = Verdict::source;
        rule.source = source;
        rule.otherwise = tunnel.otherwise;
        rules.push_back(std::move(rule));
    }
}

Vector<Rule> tunnel_rules(const Tunnel& tunnel) {
    Vector<Rule> rules;
    add_tunnel_rules(tunnel, rules);
    return rules;
}

}  // namespace lsp
