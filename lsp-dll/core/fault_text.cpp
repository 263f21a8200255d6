// What was expected and what was found, as sentences.
#include <string>

#include "readable.hpp"

namespace lsp {
namespace {

using text::decimal;

// In the order of Keyword: the word, and what is expected after it.
constexpr struct {
    const char* word;
    const char* value;
} keywords[] = {
    {"app", "a program's path or name"},
    {"to", "addresses or prefixes"},
    {"except", "addresses or prefixes"},
    {"port", "ports or ranges"},
    {"proto", "tcp, udp or raw"},
    {"via", "an interface's index or name"},
    {"from", "addresses or prefixes"},
    {"source", "an address or \"interface\" and an interface"},
    {"interface", "an interface's index or name"},
    {"through", "an interface's index or name"},
    {"socks5", "a proxy's address and port"},
    {"login", "the name of a log-in"},
    {"owner", "whose service the proxy is"},
    {"otherwise", "keep or refuse"},
};
constexpr const char* tunnel_keys[] = {"interface", "address", "source", "otherwise", "publisher"};
constexpr const char* value_names[] = {"Policy", "Definition"};

const char* type_name(std::uint64_t type) {
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

std::string shown(const Fault& fault) {
    if (fault.piece_size > longest_shown) return "a text of " + decimal(fault.piece_size) + " bytes";
    return text::shown({fault.piece, fault.piece_size});
}

std::string after_keyword(const Fault& fault) {
    const auto& keyword = keywords[fault.word];
    return std::string("expected ") + keyword.value + " after \"" + keyword.word + "\", found ";
}

std::string goes_on_text(const Fault& fault) {
    std::string message = "expected the end of the line, found " + shown(fault);
    if (fault.number != 0) message += ": only the actions source, through and socks5 take it";
    if (fault.flag) message += ": matchers stand before the action";
    return message;
}

std::string address_of(const Fault& fault) { return to_string(fault.prefix.address); }
const char* kind_of(const Fault& fault) { return special_kind(fault.prefix.address); }
const char* place_of(const Fault& fault) { return subnet_kind(fault.prefix, fault.prefix.address); }

// Of the texts' own form, which rules and tunnels have in common.
std::string form_text(const Fault& fault, const char* subject, const char* remedy, std::size_t limit) {
    switch (fault.kind) {
        case FaultKind::too_long:
            return "expected at most " + decimal(limit) + " bytes, found " + decimal(fault.number) + remedy;
        case FaultKind::control_character: return std::string("a control character cannot be part of ") + subject;
        case FaultKind::not_utf8: return "expected UTF-8, found other bytes";
        case FaultKind::expected_otherwise: return "expected keep or refuse, found " + shown(fault);
        default: return {};
    }
}

std::string value_text(const Fault& fault, ValueType wanted) {
    const std::string subject = std::string("the value ") + value_names[fault.word];
    switch (fault.kind) {
        case FaultKind::value_type:
            return subject + " is " + type_name(fault.number) + ", expected " +
                   type_name(static_cast<std::uint32_t>(wanted));
        case FaultKind::value_too_long: return subject + " is longer than " + decimal(fault.number) + " bytes";
        case FaultKind::value_torn: return subject + " ends within a character";
        case FaultKind::value_unended: return subject + " does not end with a zero character";
        default: return {};
    }
}

}  // namespace

std::string rule_fault_text(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::quote_in_word:
            return "found a quote inside a word: quote the whole value and double the quotes in it";
        case FaultKind::tab_in_value: return "a tab cannot be part of a value";
        case FaultKind::no_space_after_quote:
            return "expected a space after the closing quote (a quote in a value is doubled)";
        case FaultKind::no_closing_quote: return "expected a closing quote, found the end of the line";
        case FaultKind::too_long_printed:
            return "expected at most " + decimal(longest_rule) + " bytes, found " + decimal(fault.number) +
                   " in canonical form: use several rules";
        case FaultKind::value_missing: return after_keyword(fault) + "the end of the line";
        case FaultKind::value_empty: return after_keyword(fault) + "nothing in quotes";
        case FaultKind::second_matcher:
            return std::string("found \"") + keywords[fault.word].word +
                   "\" a second time: each matcher stands at most once; make two rules";
        case FaultKind::list_too_long:
            return "expected at most " + decimal(longest_list) + " values in a list, found " + decimal(fault.number) +
                   ": use several rules";
        case FaultKind::empty_in_list: return "found a comma without a value beside it: no spaces around commas";
        case FaultKind::expected_prefix:
            return "expected an address or a prefix such as 10.0.0.0/8 or 2001:db8::/32, found " + shown(fault);
        case FaultKind::mapped_prefix:
            return "found the v4-mapped " + shown(fault) + ", which matches no IPv4 destination: write " +
                   to_string(fault.prefix) + (fault.flag ? "" : " for IPv6, an IPv4 prefix for IPv4");
        case FaultKind::expected_port:
            return "expected a port from 0 to 65535 or a range such as 443-445, found " + shown(fault);
        case FaultKind::port_range_reversed:
            return "expected a range from the lower port to the higher, found " + shown(fault);
        case FaultKind::expected_protocol: return "expected tcp, udp or raw, found " + shown(fault);
        case FaultKind::expected_index:
            return "expected an interface index from 1 to 4294967295, or a LUID, found " + shown(fault) +
                   " (a name that is a number stands in quotes)";
        case FaultKind::action_missing:
            return "expected an action (keep, refuse, source, through or socks5), found the end of the line";
        case FaultKind::expected_action:
            return "expected a matcher (app, to, except, port, proto, via) or an action (keep, refuse, source, "
                   "through, socks5), found " +
                   shown(fault);
        case FaultKind::expected_source:
            return "expected an address, or \"interface\" and an interface, found " + shown(fault);
        case FaultKind::mapped_source:
            return "found the v4-mapped address " + shown(fault) + ": write " + address_of(fault);
        case FaultKind::special_source:
            return "expected an address that a host can send from, found " + std::string(kind_of(fault)) + ", " +
                   shown(fault);
        case FaultKind::expected_proxy:
            return "expected the proxy's address and a port from 1 to 65535, such as 127.0.0.1:1080 or "
                   "[2001:db8::1]:1080, found " +
                   shown(fault) + " (names are not looked up)";
        case FaultKind::mapped_proxy:
            return "found the v4-mapped address " + shown(fault) + ": write " + address_of(fault) + " with the port";
        case FaultKind::special_proxy:
            return "expected a proxy's address, found " + std::string(kind_of(fault)) + ", " + shown(fault);
        case FaultKind::expected_login:
            return "expected a log-in's name, 1 to 64 of A-Z a-z 0-9 . _ -, found " + shown(fault);
        case FaultKind::expected_owner:
            return "expected local-service, network-service or a SID such as S-1-5-80-…, found " + shown(fault);
        case FaultKind::second_tail: return std::string("found \"") + keywords[fault.word].word + "\" a second time";
        case FaultKind::not_of_incoming:
            return "expected a matcher (app, from, except, port, proto tcp) or an action (keep, refuse) of a rule for "
                   "connections that come in, found " +
                   shown(fault);
        case FaultKind::line_goes_on: return goes_on_text(fault);
        default: return form_text(fault, "a rule", ": use several rules", longest_rule);
    }
}

std::string tunnel_fault_text(const Fault& fault) {
    const auto source = [&fault](const char* what) { return "the source address " + address_of(fault) + what; };
    switch (fault.kind) {
        case FaultKind::second_key: return "found " + shown(fault) + " a second time";
        case FaultKind::expected_key:
            return "expected key=value with interface, address, source, otherwise or publisher as the key, found " +
                   shown(fault);
        case FaultKind::key_missing:
            return std::string("expected ") + tunnel_keys[fault.word] + "=, found the end of the text";
        case FaultKind::expected_interface:
            return "expected an interface index from 1 to 4294967295, found " + shown(fault);
        case FaultKind::expected_subnet: return "expected an address with its prefix length, found " + shown(fault);
        case FaultKind::second_subnet: return "expected one address of each family, found " + shown(fault) + " as well";
        case FaultKind::expected_tunnel_source: return "expected a source address, found " + shown(fault);
        case FaultKind::second_source: return "expected one source of each family, found " + shown(fault) + " as well";
        case FaultKind::expected_publisher:
            return "expected a process id above 0 and its start time, as 4711@133000000000000000, found " +
                   shown(fault);
        case FaultKind::tunnel_name:
            return "the tunnel's name is " + shown(fault) + ": expected 1 to 64 of A-Z a-z 0-9 . _ -";
        case FaultKind::no_interface: return "the tunnel has no interface index";
        case FaultKind::no_address: return "the tunnel has no address";
        case FaultKind::address_family: return "the tunnel's address is of the wrong family";
        case FaultKind::address_special: return "the tunnel's address " + address_of(fault) + " is " + kind_of(fault);
        case FaultKind::prefix_too_long: return "the tunnel's prefix length is too large";
        case FaultKind::subnet_of_all: return "the tunnel's subnet has length 0: it would take in every destination";
        case FaultKind::address_in_subnet:
            return "the tunnel's address " + address_of(fault) + " is " + place_of(fault) + " of its subnet";
        case FaultKind::no_source: return "the tunnel has no source address to send from";
        case FaultKind::source_family: return "the source address is of the wrong family";
        case FaultKind::source_without_address: return source(" has no use: the tunnel has no address of its family");
        case FaultKind::source_special: return source(" is ") + kind_of(fault);
        case FaultKind::source_is_tunnels: return source(" is the tunnel's own: expected the physical address");
        case FaultKind::source_in_subnet: return source(" is ") + place_of(fault) + " of the tunnel's subnet";
        case FaultKind::publisher_without_id: return "the tunnel's publisher has a start time without a process id";
        default: return form_text(fault, "a tunnel's text", "", longest_tunnel_text);
    }
}

std::string stored_rules_fault_text(const Fault& fault) {
    if (fault.line == 0) return value_text(fault, ValueType::lines);
    return "line " + decimal(fault.line) + ", column " + decimal(fault.column) + ": " + rule_fault_text(fault);
}

std::string stored_tunnel_fault_text(const Fault& fault) {
    if (fault.column == 0) return value_text(fault, ValueType::text);
    return "column " + decimal(fault.column) + ": " + tunnel_fault_text(fault);
}

}  // namespace lsp
