#include "policy.hpp"

#include <cstdint>
#include <utility>

#include "text.hpp"

namespace lsp {
namespace {

using text::shown;

// A LUID holds the interface's type in its upper 16 bits, and no type is 0, so that none is taken for an index.
constexpr std::uint64_t lowest_luid = std::uint64_t{1} << 48;

struct Word {
    std::string text;
    std::size_t column = 0;
    bool quoted = false;  // then it is no keyword and no number

    bool is(std::string_view keyword) const { return !quoted && text::equal_ignoring_case(text, keyword); }
};

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool all_digits(std::string_view word) { return word.find_first_not_of("0123456789") == std::string_view::npos; }

// One line. Each step answers false once it has left its reason in `error_`.
class RuleParser {
  public:
    std::variant<Rule, TextError> parse(std::string_view line) {
        if (split(line) && matchers() && action() && end() && printable(line)) return std::move(rule_);
        return std::move(error_);
    }

  private:
    struct Matcher {
        const char* keyword;
        const char* value;  // what is expected after it
        bool (RuleParser::*read)(const Word&);
    };
    static constexpr std::size_t matcher_count = 6;
    static const Matcher matcher_table[matcher_count];

    bool fail(std::size_t column, std::string message) {
        error_ = TextError{0, column, std::move(message)};
        return false;
    }

    bool split(std::string_view line) {
        if (line.size() > longest_rule) {
            return fail(longest_rule + 1, "expected at most " + text::decimal(longest_rule) + " bytes, found " +
                                              text::decimal(line.size()) + ": use several rules");
        }
        if (const auto bad = text::find_unprintable(line, true)) {
            return fail(bad->position + 1, bad->control ? "a control character cannot be part of a rule"
                                                        : "expected UTF-8, found other bytes");
        }
        for (std::size_t i = 0; i < line.size();) {
            if (is_blank(line[i])) {
                ++i;
            } else if (line[i] == '"') {
                if (!quoted_word(line, i)) return false;
            } else if (!bare_word(line, i)) {
                return false;
            }
        }
        end_column_ = line.size() + 1;
        return true;
    }

    bool bare_word(std::string_view line, std::size_t& i) {
        Word word;
        word.column = i + 1;
        while (i < line.size() && !is_blank(line[i])) {
            if (line[i] == '"') {
                return fail(word.column,
                            "found a quote inside a word: quote the whole value and double the quotes in it");
            }
            word.text += line[i++];
        }
        words_.push_back(std::move(word));
        return true;
    }

    bool quoted_word(std::string_view line, std::size_t& i) {
        Word word;
        word.column = i + 1;
        word.quoted = true;
        for (++i; i < line.size(); ++i) {
            if (line[i] == '\t') return fail(i + 1, "a tab cannot be part of a value");
            if (line[i] != '"') {
                word.text += line[i];
                continue;
            }
            const bool doubled = i + 1 < line.size() && line[i + 1] == '"';
            if (!doubled) {
                ++i;
                if (i < line.size() && !is_blank(line[i])) {
                    return fail(word.column,
                                "expected a space after the closing quote (a quote in a value is doubled)");
                }
                words_.push_back(std::move(word));
                return true;
            }
            word.text += '"';
            ++i;
        }
        return fail(word.column, "expected a closing quote, found the end of the line");
    }

    // The printed form is shorter than almost every line, but RFC 5952 writes a single zero group as 0 where the line
    // may have "::" for it: one byte more for a prefix of fifteen and its comma. What is stored is what is printed, so
    // the limit holds for both.
    bool printable(std::string_view line) {
        if (line.size() <= longest_rule / 16 * 15) return true;
        const std::size_t printed = to_string(rule_).size();
        return printed <= longest_rule ||
               fail(end_column_, "expected at most " + text::decimal(longest_rule) + " bytes, found " +
                                     text::decimal(printed) + " in canonical form: use several rules");
    }

    const Word* peek() const { return next_ < words_.size() ? &words_[next_] : nullptr; }

    // The next word as a value; `expected` and `after` make the message where there is none.
    const Word* value(const char* expected, const char* after) {
        const Word* const word = peek();
        if (word == nullptr) {
            fail(end_column_,
                 std::string("expected ") + expected + " after \"" + after + "\", found the end of the line");
            return nullptr;
        }
        if (word->text.empty()) {
            fail(word->column,
                 std::string("expected ") + expected + " after \"" + after + "\", found nothing in quotes");
            return nullptr;
        }
        ++next_;
        return word;
    }

    const Matcher* find_matcher(const Word& word) const {
        for (const Matcher& matcher : matcher_table) {
            if (word.is(matcher.keyword)) return &matcher;
        }
        return nullptr;
    }

    bool matchers() {
        bool seen[matcher_count] = {};
        while (const Word* const word = peek()) {
            const Matcher* const matcher = find_matcher(*word);
            if (matcher == nullptr) break;
            bool& repeated = seen[matcher - matcher_table];
            if (repeated) {
                return fail(word->column, std::string("found \"") + matcher->keyword +
                                              "\" a second time: each matcher stands at most once; make two rules");
            }
            repeated = true;
            ++next_;
            const Word* const operand = value(matcher->value, matcher->keyword);
            if (operand == nullptr || !(this->*matcher->read)(*operand)) return false;
        }
        return true;
    }

    bool read_app(const Word& word) {
        rule_.app = word.text;
        return true;
    }

    bool read_to(const Word& word) { return read_prefixes(word, rule_.to); }
    bool read_except(const Word& word) { return read_prefixes(word, rule_.except); }

    // Where a piece of the word starts. A doubled quote before it would count as one, but no list may hold a quote.
    static std::size_t column_of(const Word& word, std::string_view piece) {
        return word.column + (word.quoted ? 1 : 0) + static_cast<std::size_t>(piece.data() - word.text.data());
    }

    // The pieces of a list, none of them empty.
    bool list(const Word& word, std::vector<std::string_view>& pieces) {
        pieces = text::split(word.text, ',');
        if (pieces.size() > longest_list) {
            return fail(word.column, "expected at most " + text::decimal(longest_list) + " values in a list, found " +
                                         text::decimal(pieces.size()) + ": use several rules");
        }
        for (const std::string_view piece : pieces) {
            if (piece.empty()) {
                return fail(column_of(word, piece), "found a comma without a value beside it: no spaces around commas");
            }
        }
        return true;
    }

    bool read_prefixes(const Word& word, std::vector<Prefix>& prefixes) {
        std::vector<std::string_view> pieces;
        if (!list(word, pieces)) return false;
        for (const std::string_view piece : pieces) {
            const std::size_t column = column_of(word, piece);
            const auto prefix = parse_prefix(piece);
            if (!prefix) {
                return fail(column, "expected an address or a prefix such as 10.0.0.0/8 or 2001:db8::/32, found " +
                                        shown(piece));
            }
            // Destinations inside the mapped block are judged as IPv4, so an IPv6 prefix does not reach them, however
            // short. Whoever writes one in mapped form means IPv4, and would get a rule that does something else.
            if (prefix->address.is_v4_mapped()) {
                const bool plain = prefix->length >= 96;
                const Prefix meant =
                    plain ? Prefix{prefix->address.unmapped(), static_cast<std::uint8_t>(prefix->length - 96)}
                          : Prefix{prefix->network(), prefix->length};
                return fail(column, "found the v4-mapped " + shown(piece) +
                                        ", which matches no IPv4 destination: write " + to_string(meant) +
                                        (plain ? "" : " for IPv6, an IPv4 prefix for IPv4"));
            }
            prefixes.push_back(*prefix);
        }
        return true;
    }

    bool read_ports(const Word& word) {
        std::vector<std::string_view> pieces;
        if (!list(word, pieces)) return false;
        for (const std::string_view piece : pieces) {
            const std::size_t column = column_of(word, piece);
            const std::size_t dash = piece.find('-');
            const auto first = text::parse_number(piece.substr(0, dash), 65535);
            const auto last =
                dash == std::string_view::npos ? first : text::parse_number(piece.substr(dash + 1), 65535);
            if (!first || !last) {
                return fail(column,
                            "expected a port from 0 to 65535 or a range such as 443-445, found " + shown(piece));
            }
            if (*first > *last) {
                return fail(column, "expected a range from the lower port to the higher, found " + shown(piece));
            }
            rule_.ports.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
        }
        return true;
    }

    bool read_protocol(const Word& word) {
        for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::raw}) {
            if (text::equal_ignoring_case(word.text, to_string(protocol))) {
                rule_.protocol = protocol;
                return true;
            }
        }
        return fail(word.column, "expected tcp, udp or raw, found " + shown(word.text));
    }

    bool read_via(const Word& word) { return read_interface(word, rule_.via); }

    bool read_interface(const Word& word, InterfaceName& name) {
        if (word.quoted || !all_digits(word.text)) {
            name.text = word.text;
            return true;
        }
        const auto number = text::parse_number(word.text, UINT64_MAX);
        if (number && *number >= lowest_luid) {
            name.luid = *number;
            return true;
        }
        if (!number || *number == 0 || *number > UINT32_MAX) {
            return fail(word.column, "expected an interface index from 1 to 4294967295, or a LUID, found " +
                                         shown(word.text) + " (a name that is a number stands in quotes)");
        }
        name.index = static_cast<std::uint32_t>(*number);
        return true;
    }

    bool action() {
        const Word* const word = peek();
        if (word == nullptr) {
            return fail(end_column_, "expected an action (keep, refuse or source), found the end of the line");
        }
        ++next_;
        if (word->is("keep")) return true;
        if (word->is("refuse")) {
            rule_.verdict = Verdict::refuse;
            return true;
        }
        if (word->is("source")) {
            rule_.verdict = Verdict::source;
            return source() && otherwise();
        }
        return fail(word->column,
                    "expected a matcher (app, to, except, port, proto, via) or an action (keep, refuse, "
                    "source), found " +
                        shown(word->text));
    }

    bool source() {
        const Word* const word = value("an address or \"interface\" and an interface", "source");
        if (word == nullptr) return false;
        if (word->is("interface")) {
            const Word* const name = value("an interface's index or name", "interface");
            return name != nullptr && read_interface(*name, rule_.source_interface);
        }
        const auto address = parse_address(word->text);
        if (!address) {
            return fail(word->column,
                        "expected an address, or \"interface\" and an interface, found " + shown(word->text));
        }
        if (address->is_v4_mapped()) {
            return fail(word->column, "found the v4-mapped address " + shown(word->text) + ": write " +
                                          to_string(address->unmapped()));
        }
        if (address->is_unspecified() || address->is_multicast() || address->is_limited_broadcast() ||
            address->is_reserved()) {
            return fail(word->column, "expected an address that a host can send from, found " +
                                          std::string(special_kind(*address)) + ", " + shown(word->text));
        }
        rule_.source = *address;
        return true;
    }

    bool otherwise() {
        const Word* const word = peek();
        if (word == nullptr || !word->is("otherwise")) return true;
        ++next_;
        const Word* const choice = value("keep or refuse", "otherwise");
        if (choice == nullptr) return false;
        for (const Otherwise candidate : {Otherwise::keep, Otherwise::refuse}) {
            if (choice->is(to_string(candidate))) {
                rule_.otherwise = candidate;
                return true;
            }
        }
        return fail(choice->column, "expected keep or refuse, found " + shown(choice->text));
    }

    bool end() {
        const Word* const word = peek();
        if (word == nullptr) return true;
        std::string message = "expected the end of the line, found " + shown(word->text);
        if (word->is("otherwise")) message += ": only the action source takes it";
        if (find_matcher(*word) != nullptr) message += ": matchers stand before the action";
        return fail(word->column, std::move(message));
    }

    std::vector<Word> words_;
    std::size_t next_ = 0;
    std::size_t end_column_ = 1;
    Rule rule_;
    TextError error_;
};

const RuleParser::Matcher RuleParser::matcher_table[matcher_count] = {
    {"app", "a program's path or name", &RuleParser::read_app},
    {"to", "addresses or prefixes", &RuleParser::read_to},
    {"except", "addresses or prefixes", &RuleParser::read_except},
    {"port", "ports or ranges", &RuleParser::read_ports},
    {"proto", "tcp, udp or raw", &RuleParser::read_protocol},
    {"via", "an interface's index or name", &RuleParser::read_via},
};

void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

void append_value(std::string& out, std::string_view value) {
    if (value.empty() || value.find_first_of(" \t\"") != std::string_view::npos) {
        append_quoted(out, value);
    } else {
        out += value;
    }
}

void append_interface(std::string& out, const InterfaceName& name) {
    if (name.text.empty()) {
        out += text::decimal(name.luid != 0 ? name.luid : name.index);
    } else if (all_digits(name.text)) {
        append_quoted(out, name.text);
    } else {
        append_value(out, name.text);
    }
}

std::string port_text(PortRange range) {
    std::string out = text::decimal(range.first);
    if (range.last != range.first) {
        out += '-';
        out += text::decimal(range.last);
    }
    return out;
}

std::string prefix_text(const Prefix& prefix) { return to_string(prefix); }

template <typename Item, typename ToText>
void append_list(std::string& out, std::string_view keyword, const std::vector<Item>& items, ToText item_text) {
    if (items.empty()) return;
    out += keyword;
    char before = ' ';
    for (const Item& item : items) {
        out += before;
        out += item_text(item);
        before = ',';
    }
    out += ' ';
}

}  // namespace

std::variant<Rule, TextError> parse_rule(std::string_view line) { return RuleParser().parse(line); }

std::string to_string(const Rule& rule) {
    std::string out;
    if (!rule.app.empty()) {
        out += "app ";
        append_value(out, rule.app);
        out += ' ';
    }
    append_list(out, "to", rule.to, prefix_text);
    append_list(out, "except", rule.except, prefix_text);
    append_list(out, "port", rule.ports, port_text);
    if (rule.protocol != Protocol::any) {
        out += "proto ";
        out += to_string(rule.protocol);
        out += ' ';
    }
    if (rule.via) {
        out += "via ";
        append_interface(out, rule.via);
        out += ' ';
    }
    out += to_string(rule.verdict);
    if (rule.verdict != Verdict::source) return out;
    out += ' ';
    if (rule.source_interface) {
        out += "interface ";
        append_interface(out, rule.source_interface);
    } else {
        out += to_string(rule.source);
    }
    if (rule.otherwise != Otherwise::keep) {
        out += " otherwise ";
        out += to_string(rule.otherwise);
    }
    return out;
}

std::variant<std::vector<Rule>, TextError> parse_rules(const std::vector<std::string>& lines) {
    std::vector<Rule> rules;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t start = lines[i].find_first_not_of(" \t");
        if (start == std::string::npos || lines[i][start] == '#') continue;
        auto parsed = parse_rule(lines[i]);
        if (auto* const error = std::get_if<TextError>(&parsed)) {
            error->line = i + 1;
            return std::move(*error);
        }
        rules.push_back(std::move(std::get<Rule>(parsed)));
    }
    return rules;
}

Policy build_policy(std::vector<Rule> rules, const std::vector<Tunnel>& tunnels) {
    Policy policy;
    policy.rules = std::move(rules);
    for (const Tunnel& tunnel : tunnels) {
        std::vector<Rule> own = tunnel_rules(tunnel);
        for (Rule& rule : own) policy.rules.push_back(std::move(rule));
        if (tunnel.delegated) continue;
        for (const Prefix& subnet : {tunnel.address4, tunnel.address6}) {
            if (subnet.address) policy.own_subnets.push_back({subnet.network(), subnet.length});
        }
    }
    return policy;
}

std::uint32_t policy_stamp(const std::vector<std::string>& lines, const std::vector<Tunnel>& tunnels) {
    std::uint32_t stamp = 2166136261U;
    const auto add = [&stamp](std::string_view text) {
        for (const char c : text) stamp = (stamp ^ static_cast<unsigned char>(c)) * 16777619U;
        stamp = (stamp ^ '\n') * 16777619U;
    };
    for (const std::string& line : lines) add(line);
    for (const Tunnel& tunnel : tunnels) {
        add(tunnel.name);
        add(to_string(tunnel));
    }
    return stamp;
}

}  // namespace lsp
