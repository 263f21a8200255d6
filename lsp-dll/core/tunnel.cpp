#include "tunnel.hpp"

#include <algorithm>
#include <utility>

#include "text.hpp"

namespace lsp {
namespace {

using text::shown;

constexpr std::size_t longest_tunnel_name = 64;

std::string address_fault(const Prefix& prefix, Family family) {
    if (!prefix.address) return {};
    if (prefix.address.family != family) return "the tunnel's address is of the wrong family";
    const char* const kind = special_kind(prefix.address);
    if (kind != nullptr && !prefix.address.is_link_local()) {
        return "the tunnel's address " + to_string(prefix.address) + " is " + kind;
    }
    if (prefix.length > prefix.address.bit_length()) return "the tunnel's prefix length is too large";
    if (prefix.length == 0) return "the tunnel's subnet has length 0: it would take in every destination";
    if (const char* const place = subnet_kind(prefix, prefix.address)) {
        return "the tunnel's address " + to_string(prefix.address) + " is " + place + " of its subnet";
    }
    return {};
}

std::string source_fault(const IpAddress& source, Family family, const Prefix& subnet) {
    if (!source) return {};
    if (source.family != family) return "the source address is of the wrong family";
    const std::string name = "the source address " + to_string(source);
    if (!subnet.address) return name + " has no use: the tunnel has no address of its family";
    if (const char* const kind = special_kind(source)) return name + " is " + kind;
    if (source == subnet.address) return name + " is the tunnel's own: expected the physical address";
    if (const char* const place = subnet_kind(subnet, source)) return name + " is " + place + " of the tunnel's subnet";
    return {};
}

// One line. Each step answers false once it has left its reason in `error_`.
class TunnelParser {
  public:
    std::variant<Tunnel, TextError> parse(std::string_view name, std::string_view line) {
        tunnel_.name = name;
        if (is_line(line) && words(line) && complete()) return std::move(tunnel_);
        return std::move(error_);
    }

  private:
    struct Key {
        const char* name;
        bool (TunnelParser::*read)(std::string_view);
        bool required;
    };
    static constexpr std::size_t key_count = 5;
    static const Key key_table[key_count];

    // At the word that is being read.
    bool fail(std::string message) {
        error_ = TextError{0, column_, std::move(message)};
        return false;
    }

    bool is_line(std::string_view line) {
        column_ = 1;
        if (line.size() > longest_tunnel_text) {
            return fail("expected at most " + text::decimal(longest_tunnel_text) + " bytes, found " +
                        text::decimal(line.size()));
        }
        if (const auto bad = text::find_unprintable(line, true)) {
            column_ = bad->position + 1;
            return fail(bad->control ? "a control character cannot be part of a tunnel's text"
                                     : "expected UTF-8, found other bytes");
        }
        return true;
    }

    bool words(std::string_view line) {
        for (std::size_t i = line.find_first_not_of(" \t"); i != std::string_view::npos;) {
            const std::size_t end = std::min(line.find_first_of(" \t", i), line.size());
            column_ = i + 1;
            if (!word(line.substr(i, end - i))) return false;
            i = line.find_first_not_of(" \t", end);
        }
        column_ = line.size() + 1;
        return true;
    }

    bool word(std::string_view word) {
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        for (std::size_t k = 0; k < key_count; ++k) {
            if (name != key_table[k].name || equals == std::string_view::npos) continue;
            if (seen_[k]) return fail("found " + shown(name) + " a second time");
            seen_[k] = true;
            return (this->*key_table[k].read)(word.substr(equals + 1));
        }
        return fail("expected key=value with interface, address, source, otherwise or publisher as the key, found " +
                    shown(word));
    }

    bool complete() {
        for (std::size_t k = 0; k < key_count; ++k) {
            if (key_table[k].required && !seen_[k]) {
                return fail(std::string("expected ") + key_table[k].name + "=, found the end of the text");
            }
        }
        column_ = 1;
        std::string fault = tunnel_fault(tunnel_);
        return fault.empty() || fail(std::move(fault));
    }

    bool read_interface(std::string_view value) {
        const auto index = text::parse_number(value, UINT32_MAX);
        if (!index || *index == 0)
            return fail("expected an interface index from 1 to 4294967295, found " + shown(value));
        tunnel_.interface_index = static_cast<std::uint32_t>(*index);
        return true;
    }

    bool read_address(std::string_view value) {
        for (const std::string_view piece : text::split(value, ',')) {
            const auto prefix = parse_prefix(piece);
            if (!prefix) return fail("expected an address with its prefix length, found " + shown(piece));
            Prefix& place = prefix->address.family == Family::ipv4 ? tunnel_.address4 : tunnel_.address6;
            if (place.address) return fail("expected one address of each family, found " + shown(piece) + " as well");
            place = *prefix;
        }
        return true;
    }

    bool read_source(std::string_view value) {
        for (const std::string_view piece : text::split(value, ',')) {
            const auto address = parse_address(piece);
            if (!address) return fail("expected a source address, found " + shown(piece));
            IpAddress& place = address->family == Family::ipv4 ? tunnel_.source4 : tunnel_.source6;
            if (place) return fail("expected one source of each family, found " + shown(piece) + " as well");
            place = *address;
        }
        return true;
    }

    bool read_otherwise(std::string_view value) {
        for (const Otherwise candidate : {Otherwise::keep, Otherwise::refuse}) {
            if (value == to_string(candidate)) {
                tunnel_.otherwise = candidate;
                return true;
            }
        }
        return fail("expected keep or refuse, found " + shown(value));
    }

    bool read_publisher(std::string_view value) {
        const std::size_t at = value.find('@');
        const auto id = text::parse_number(value.substr(0, at), UINT32_MAX);
        const auto started =
            at == std::string_view::npos ? std::nullopt : text::parse_number(value.substr(at + 1), UINT64_MAX);
        if (!id || *id == 0 || !started) {
            return fail("expected a process id above 0 and its start time, as 4711@133000000000000000, found " +
                        shown(value));
        }
        tunnel_.publisher = {static_cast<std::uint32_t>(*id), *started};
        return true;
    }

    std::size_t column_ = 1;
    bool seen_[key_count] = {};
    Tunnel tunnel_;
    TextError error_;
};

const TunnelParser::Key TunnelParser::key_table[key_count] = {
    {"interface", &TunnelParser::read_interface, true},  {"address", &TunnelParser::read_address, true},
    {"source", &TunnelParser::read_source, true},        {"otherwise", &TunnelParser::read_otherwise, false},
    {"publisher", &TunnelParser::read_publisher, false},
};

// "a", "b" or "a,b"; an absent one is empty.
std::string pair_text(const std::string& first, const std::string& second) {
    return first.empty() || second.empty() ? first + second : first + ',' + second;
}

// Unlike a prefix in a rule, always with its length: the subnet matters even where it is one address.
std::string subnet_text(const Prefix& prefix) {
    return prefix.address ? to_string(prefix.address) + '/' + text::decimal(prefix.length) : std::string();
}

}  // namespace

bool is_tunnel_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= longest_tunnel_name && std::all_of(name.begin(), name.end(), [](char c) {
        return text::is_digit(c) || (text::lower(c) >= 'a' && text::lower(c) <= 'z') || c == '.' || c == '_' ||
               c == '-';
    });
}

std::string tunnel_fault(const Tunnel& tunnel) {
    if (!is_tunnel_name(tunnel.name)) {
        return "the tunnel's name is " + shown(tunnel.name) + ": expected 1 to 64 of A-Z a-z 0-9 . _ -";
    }
    if (tunnel.interface_index == 0) return "the tunnel has no interface index";
    if (!tunnel.address4.address && !tunnel.address6.address) return "the tunnel has no address";
    for (const std::string& fault :
         {address_fault(tunnel.address4, Family::ipv4), address_fault(tunnel.address6, Family::ipv6)}) {
        if (!fault.empty()) return fault;
    }
    if (!tunnel.source4 && !tunnel.source6) return "the tunnel has no source address to send from";
    for (const std::string& fault : {source_fault(tunnel.source4, Family::ipv4, tunnel.address4),
                                     source_fault(tunnel.source6, Family::ipv6, tunnel.address6)}) {
        if (!fault.empty()) return fault;
    }
    if (tunnel.publisher.process_id == 0 && tunnel.publisher.started != 0) {
        return "the tunnel's publisher has a start time without a process id";
    }
    return {};
}

std::string to_string(const Tunnel& tunnel) {
    std::string out = "interface=" + text::decimal(tunnel.interface_index);
    out += " address=" + pair_text(subnet_text(tunnel.address4), subnet_text(tunnel.address6));
    out += " source=" + pair_text(to_string(tunnel.source4), to_string(tunnel.source6));
    out += " otherwise=";
    out += to_string(tunnel.otherwise);
    if (tunnel.publisher.process_id != 0) {
        out +=
            " publisher=" + text::decimal(tunnel.publisher.process_id) + '@' + text::decimal(tunnel.publisher.started);
    }
    return out;
}

std::variant<Tunnel, TextError> parse_tunnel(std::string_view name, std::string_view text) {
    return TunnelParser().parse(name, text);
}

std::vector<Rule> tunnel_rules(const Tunnel& tunnel) {
    std::vector<Rule> rules;
    const std::pair<const Prefix&, const IpAddress&> families[] = {{tunnel.address4, tunnel.source4},
                                                                   {tunnel.address6, tunnel.source6}};
    for (const auto& [subnet, source] : families) {
        if (!source) continue;
        Rule rule;
        if (subnet.address) rule.except.push_back({subnet.network(), subnet.length});
        rule.via.index = tunnel.interface_index;
        rule.verdict = Verdict::source;
        rule.source = source;
        rule.otherwise = tunnel.otherwise;
        rules.push_back(std::move(rule));
    }
    return rules;
}

}  // namespace lsp
