#include "policy.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "text.hpp"
#include "written.hpp"

namespace lsp {
namespace {

using text::is_blank;
using text::piece_of;

// A LUID holds the interface's type in its upper 16 bits, and no type is 0, so that none is taken for an index.
constexpr std::uint64_t lowest_luid = std::uint64_t{1} << 48;

constexpr std::size_t longest_sid = 184;  // characters (SECURITY_MAX_SID_STRING_CHARACTERS)

// A word of the line. A value in quotes is what stands between them, its doubled quotes still doubled: they are single
// again in what is stored and in what a message shows. Nothing that is parsed further may hold a quote.
struct Word {
    std::string_view text;
    std::size_t column = 0;
    bool quoted = false;  // then it is no keyword and no number

    bool is(std::string_view keyword) const noexcept { return !quoted && text::equal_ignoring_case(text, keyword); }
};

template <typename Out>
void write_unquoted(Out& out, const Word& word) {
    for (std::size_t i = 0; i < word.text.size(); ++i) {
        if (word.quoted && word.text[i] == '"') ++i;  // the second of two
        out += word.text[i];
    }
}

void store(const Word& word, String& text) {
    text.clear();
    if (text.reserve(word.text.size())) write_unquoted(text, word);
}

// What the name of an action looks like. A list's rest after a space that should not be there does not.
bool is_action_name(const Word& word) noexcept {
    const auto is_letter = [](char c) noexcept { return text::lower(c) >= 'a' && text::lower(c) <= 'z'; };
    return !word.quoted && is_letter(word.text[0]) &&
           std::all_of(word.text.begin(), word.text.end(),
                       [&](char c) noexcept { return is_letter(c) || text::is_digit(c) || c == '-'; });
}

struct KnownAction {
    const char* word;
    Verdict verdict;
    std::uint32_t since;  // the first grammar that has it
};
constexpr KnownAction known_actions[] = {
    {"keep", Verdict::keep, 0},       {"refuse", Verdict::refuse, 0}, {"source", Verdict::source, 1},
    {"through", Verdict::through, 2}, {"socks5", Verdict::socks5, 2},
};

bool all_digits(std::string_view word) noexcept {
    return word.find_first_not_of("0123456789") == std::string_view::npos;
}

// One line. Each step answers false once it has left its reason in `fault_`.
class RuleParser {
  public:
    RuleParser(std::string_view line, Rule& rule, Fault& fault, NewerLines newer) noexcept
        : line_(line), rule_(rule), fault_(fault), newer_(newer) {}

    bool parse() {
        rule_ = Rule{};
        fault_ = Fault{};
        if (!is_text() || !are_words()) return false;
        advance(0);
        if (has_word_ && word_.is("in")) {
            if (policy_grammar >= first_incoming_grammar) {
                rule_.incoming = true;
                skip();
            } else if (newer_ == NewerLines::take) {
                rule_.unknown = Unknown::incoming;
                return true;
            }
        }
        return matchers() && action() && (rule_.unknown != Unknown::nothing || (end() && printable()));
    }

  private:
    struct Matcher {
        const char* keyword;
        bool (RuleParser::*read)(const Word&);
        bool outgoing;  // which rules have it
        bool incoming;
    };
    static constexpr std::size_t matcher_count = 7;
    static const Matcher matcher_table[matcher_count];  // in the order of Keyword

    bool fail(std::size_t column, FaultKind kind) noexcept {
        fault_.kind = kind;
        fault_.column = column;
        return false;
    }
    bool fail_with_number(std::size_t column, FaultKind kind, std::uint64_t number) noexcept {
        fault_.number = number;
        return fail(column, kind);
    }
    // A list has no doubled quotes in it, or it would be rejected for them.
    bool fail_with_piece(std::size_t column, FaultKind kind, std::string_view piece, bool quoted) noexcept {
        struct Shown {
            Fault& fault;
            void operator+=(char c) noexcept { fault.add_to_piece(c); }
        } shown{fault_};
        fault_.piece_size = 0;
        write_unquoted(shown, Word{piece, column, quoted});
        return fail(column, kind);
    }
    bool fail_with_word(const Word& word, FaultKind kind) noexcept {
        return fail_with_piece(word.column, kind, word.text, word.quoted);
    }

    bool is_text() noexcept {
        if (line_.size() > longest_rule) return fail_with_number(longest_rule + 1, FaultKind::too_long, line_.size());
        const auto bad = text::find_unprintable(line_, true);
        return !bad || fail(bad->position + 1, bad->control ? FaultKind::control_character : FaultKind::not_utf8);
    }

    // All of the line is split before any word is looked at: what is wrong with the quotes comes first.
    bool are_words() noexcept {
        for (std::size_t i = 0; i < line_.size();) {
            if (is_blank(line_[i])) {
                ++i;
            } else if (line_[i] == '"') {
                if (!is_quoted_word(i)) return false;
            } else if (!is_bare_word(i)) {
                return false;
            }
        }
        return true;
    }

    bool is_bare_word(std::size_t& i) noexcept {
        const std::size_t column = i + 1;
        for (; i < line_.size() && !is_blank(line_[i]); ++i) {
            if (line_[i] == '"') return fail(column, FaultKind::quote_in_word);
        }
        return true;
    }

    bool is_quoted_word(std::size_t& i) noexcept {
        const std::size_t column = i + 1;
        for (++i; i < line_.size(); ++i) {
            if (line_[i] == '\t') return fail(i + 1, FaultKind::tab_in_value);
            if (line_[i] != '"') continue;
            const bool doubled = i + 1 < line_.size() && line_[i + 1] == '"';
            ++i;
            if (doubled) continue;
            if (i < line_.size() && !is_blank(line_[i])) return fail(column, FaultKind::no_space_after_quote);
            return true;
        }
        return fail(column, FaultKind::no_closing_quote);
    }

    // Makes the word that begins at `i` or after it the next one. are_words has found every word well formed.
    void advance(std::size_t i) noexcept {
        while (i < line_.size() && is_blank(line_[i])) ++i;
        has_word_ = i < line_.size();
        if (!has_word_) return;
        word_.column = i + 1;
        word_.quoted = line_[i] == '"';
        std::size_t end = i;
        if (word_.quoted) {
            for (end = ++i; line_[end] != '"' || (end + 1 < line_.size() && line_[end + 1] == '"'); ++end) {
                if (line_[end] == '"') ++end;
            }
            after_ = end + 1;
        } else {
            while (end < line_.size() && !is_blank(line_[end])) ++end;
            after_ = end;
        }
        word_.text = piece_of(line_, i, end - i);
    }

    const Word* peek() const noexcept { return has_word_ ? &word_ : nullptr; }
    void skip() noexcept { advance(after_); }
    std::size_t end_column() const noexcept { return line_.size() + 1; }

    // The next word as the value of a keyword.
    bool value(Keyword after, Word& word) noexcept {
        fault_.word = static_cast<std::uint8_t>(after);
        if (!has_word_) return fail(end_column(), FaultKind::value_missing);
        if (word_.text.empty()) return fail(word_.column, FaultKind::value_empty);
        word = word_;
        skip();
        return true;
    }

    const Matcher* find_matcher(const Word& word) const noexcept {
        for (const Matcher& matcher : matcher_table) {
            if ((rule_.incoming ? matcher.incoming : matcher.outgoing) && word.is(matcher.keyword)) return &matcher;
        }
        return nullptr;
    }

    bool matchers() {
        bool seen[matcher_count] = {};
        while (const Word* const word = peek()) {
            const Matcher* const matcher = find_matcher(*word);
            if (matcher == nullptr) break;
            const auto keyword = static_cast<Keyword>(matcher - matcher_table);
            bool& repeated = seen[matcher - matcher_table];
            if (repeated) {
                fault_.word = static_cast<std::uint8_t>(keyword);
                return fail(word->column, FaultKind::second_matcher);
            }
            repeated = true;
            skip();
            Word operand;
            if (!value(keyword, operand) || !(this->*matcher->read)(operand)) return false;
        }
        return true;
    }

    bool read_app(const Word& word) {
        store(word, rule_.app);
        return true;
    }

    bool read_to(const Word& word) { return read_prefixes(word, rule_.to); }
    bool read_except(const Word& word) { return read_prefixes(word, rule_.except); }

    // Where a piece of the word starts.
    static std::size_t column_of(const Word& word, std::string_view piece) noexcept {
        return word.column + (word.quoted ? 1 : 0) + static_cast<std::size_t>(piece.data() - word.text.data());
    }

    // How many values a list has, none of them empty.
    bool count_list(const Word& word, std::size_t& count) noexcept {
        count = 0;
        std::string_view piece;
        for (text::Pieces pieces(word.text, ','); pieces.next(piece);) ++count;
        if (count > longest_list) return fail_with_number(word.column, FaultKind::list_too_long, count);
        for (text::Pieces pieces(word.text, ','); pieces.next(piece);) {
            if (piece.empty()) return fail(column_of(word, piece), FaultKind::empty_in_list);
        }
        return true;
    }

    bool read_prefixes(const Word& word, Vector<Prefix>& prefixes) {
        std::size_t count = 0;
        if (!count_list(word, count)) return false;
        prefixes.reserve(count);
        std::string_view piece;
        for (text::Pieces pieces(word.text, ','); pieces.next(piece);) {
            const std::size_t column = column_of(word, piece);
            const auto prefix = parse_prefix(piece);
            if (!prefix) return fail_with_piece(column, FaultKind::expected_prefix, piece, word.quoted);
            // Destinations inside the mapped block are judged as IPv4, so an IPv6 prefix does not reach them, however
            // short. Whoever writes one in mapped form means IPv4, and would get a rule that does something else.
            if (prefix->address.is_v4_mapped()) {
                fault_.flag = prefix->length >= 96;
                fault_.prefix = fault_.flag
                                    ? Prefix{prefix->address.unmapped(), static_cast<std::uint8_t>(prefix->length - 96)}
                                    : Prefix{prefix->network(), prefix->length};
                return fail_with_piece(column, FaultKind::mapped_prefix, piece, word.quoted);
            }
            prefixes.push_back(*prefix);
        }
        return true;
    }

    bool read_ports(const Word& word) {
        std::size_t count = 0;
        if (!count_list(word, count)) return false;
        rule_.ports.reserve(count);
        std::string_view piece;
        for (text::Pieces pieces(word.text, ','); pieces.next(piece);) {
            const std::size_t column = column_of(word, piece);
            const std::size_t dash = piece.find('-');
            const auto first = text::parse_number(piece_of(piece, 0, dash), 65535);
            const auto last =
                dash == std::string_view::npos ? first : text::parse_number(piece_of(piece, dash + 1), 65535);
            if (!first || !last) return fail_with_piece(column, FaultKind::expected_port, piece, word.quoted);
            if (*first > *last) return fail_with_piece(column, FaultKind::port_range_reversed, piece, word.quoted);
            rule_.ports.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
        }
        return true;
    }

    bool read_protocol(const Word& word) noexcept {
        for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::raw}) {
            if (rule_.incoming && protocol != Protocol::tcp) return fail_with_word(word, FaultKind::not_of_incoming);
            if (text::equal_ignoring_case(word.text, to_string(protocol))) {
                rule_.protocol = protocol;
                return true;
            }
        }
        return fail_with_word(word, FaultKind::expected_protocol);
    }

    bool read_via(const Word& word) { return read_interface(word, rule_.via); }

    bool read_interface(const Word& word, InterfaceName& name) {
        if (word.quoted || !all_digits(word.text)) {
            store(word, name.text);
            return true;
        }
        const auto number = text::parse_number(word.text, UINT64_MAX);
        if (number && *number >= lowest_luid) {
            name.luid = *number;
            return true;
        }
        if (!number || *number == 0 || *number > UINT32_MAX) return fail_with_word(word, FaultKind::expected_index);
        name.index = static_cast<std::uint32_t>(*number);
        return true;
    }

    bool action() {
        const Word* const next = peek();
        if (next == nullptr) return fail(end_column(), FaultKind::action_missing);
        const Word word = *next;
        skip();
        for (const KnownAction& known : known_actions) {
            if (known.since > policy_grammar || !word.is(known.word)) continue;
            rule_.verdict = known.verdict;
            rule_.otherwise = default_otherwise(known.verdict);
            if (known.verdict == Verdict::keep || known.verdict == Verdict::refuse) return true;
            if (rule_.incoming) return fail_with_word(word, FaultKind::not_of_incoming);
            return operand(known.verdict) && tails();
        }
        if (newer_ == NewerLines::reject || !is_action_name(word)) {
            return fail_with_word(word, rule_.incoming ? FaultKind::not_of_incoming : FaultKind::expected_action);
        }
        rule_.verdict = Verdict::refuse;
        rule_.unknown = Unknown::action;
        return true;
    }

    bool operand(Verdict verdict) {
        switch (verdict) {
            case Verdict::source: return source();
            case Verdict::through: return through();
            case Verdict::socks5: return proxy();
            case Verdict::keep:
            case Verdict::refuse: break;
        }
        return true;
    }

    bool through() {
        Word word;
        return value(Keyword::through, word) && read_interface(word, rule_.interface_name);
    }

    bool proxy() {
        Word word;
        if (!value(Keyword::socks5, word)) return false;
        const std::string_view text = word.text;
        const std::size_t colon = text.rfind(':');
        std::string_view host = piece_of(text, 0, colon);
        const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
        if (brackets) host = piece_of(host, 1, host.size() - 2);
        const auto address = colon == std::string_view::npos ? std::nullopt : parse_address(host);
        const auto port =
            colon == std::string_view::npos ? std::nullopt : text::parse_number(piece_of(text, colon + 1), 65535);
        // Without brackets the last group of an IPv6 address would be taken for the port.
        if (!address || !port || *port == 0 || brackets != (address->family == Family::ipv6)) {
            return fail_with_word(word, FaultKind::expected_proxy);
        }
        fault_.prefix.address = address->unmapped();
        if (address->is_v4_mapped()) return fail_with_word(word, FaultKind::mapped_proxy);
        if (is_no_hosts(*address)) return fail_with_word(word, FaultKind::special_proxy);
        rule_.source = *address;
        rule_.proxy_port = static_cast<std::uint16_t>(*port);
        return true;
    }

    // No host has such an address.
    static bool is_no_hosts(const IpAddress& address) noexcept {
        return address.is_unspecified() || address.is_multicast() || address.is_limited_broadcast() ||
               address.is_reserved();
    }

    bool source() {
        Word word;
        if (!value(Keyword::source, word)) return false;
        if (word.is("interface")) {
            Word name;
            return value(Keyword::interface, name) && read_interface(name, rule_.interface_name);
        }
        const auto address = parse_address(word.text);
        if (!address) return fail_with_word(word, FaultKind::expected_source);
        fault_.prefix.address = address->unmapped();
        if (address->is_v4_mapped()) return fail_with_word(word, FaultKind::mapped_source);
        if (is_no_hosts(*address)) return fail_with_word(word, FaultKind::special_source);
        rule_.source = *address;
        return true;
    }

    // What follows an action's operand: each at most once, in any order.
    bool tails() {
        struct Tail {
            const char* word;
            Keyword keyword;
            bool of_proxy;
            bool (RuleParser::*read)(const Word&);
        };
        static constexpr Tail known_tails[] = {
            {"login", Keyword::login, true, &RuleParser::read_login},
            {"owner", Keyword::owner, true, &RuleParser::read_owner},
            {"otherwise", Keyword::otherwise, false, &RuleParser::read_otherwise},
        };
        bool seen[std::size(known_tails)] = {};
        while (const Word* const next = peek()) {
            const auto* const tail =
                std::find_if(std::begin(known_tails), std::end(known_tails), [&](const Tail& each) {
                    return next->is(each.word) && (!each.of_proxy || rule_.verdict == Verdict::socks5);
                });
            if (tail == std::end(known_tails)) return true;
            fault_.word = static_cast<std::uint8_t>(tail->keyword);
            bool& repeated = seen[tail - known_tails];
            if (repeated) return fail(next->column, FaultKind::second_tail);
            repeated = true;
            skip();
            Word word;
            if (!value(tail->keyword, word) || !(this->*tail->read)(word)) return false;
        }
        return true;
    }

    bool read_login(const Word& word) {
        if (!text::is_name(word.text)) return fail_with_word(word, FaultKind::expected_login);
        store(word, rule_.login);
        return true;
    }

    bool read_owner(const Word& word) {
        const auto is_sid_character = [](char c) noexcept { return text::is_digit(c) || c == '-'; };
        const bool sid = word.text.size() > 4 && word.text.size() <= longest_sid &&
                         text::equal_ignoring_case(piece_of(word.text, 0, 4), "S-1-") &&
                         std::all_of(word.text.begin() + 4, word.text.end(), is_sid_character);
        for (const std::string_view account : {"local-service", "network-service"}) {
            if (text::equal_ignoring_case(word.text, account)) {
                rule_.owner = account;
                return true;
            }
        }
        if (!sid) return fail_with_word(word, FaultKind::expected_owner);
        store(word, rule_.owner);
        return true;
    }

    bool read_otherwise(const Word& choice) {
        for (const Otherwise candidate : {Otherwise::keep, Otherwise::refuse}) {
            if (choice.is(to_string(candidate))) {
                rule_.otherwise = candidate;
                return true;
            }
        }
        return fail_with_word(choice, FaultKind::expected_otherwise);
    }

    bool end() noexcept {
        const Word* const word = peek();
        if (word == nullptr) return true;
        fault_.flag = find_matcher(*word) != nullptr;
        fault_.number = word->is("otherwise") ? 1 : 0;
        return fail_with_word(*word, FaultKind::line_goes_on);
    }

    // The printed form is shorter than almost every line, but RFC 5952 writes a single zero group as 0 where the line
    // may have "::" for it: one byte more for a prefix of fifteen and its comma. What is stored is what is printed, so
    // the limit holds for both.
    bool printable() noexcept {
        if (line_.size() <= longest_rule / 16 * 15) return true;
        text::Length printed;
        written::write(printed, rule_);
        return printed.size() <= longest_rule ||
               fail_with_number(end_column(), FaultKind::too_long_printed, printed.size());
    }

    std::string_view line_;
    Rule& rule_;
    Fault& fault_;
    NewerLines newer_;
    Word word_;  // the next one …
    bool has_word_ = false;
    std::size_t after_ = 0;  // … and where it ends
};

constinit const RuleParser::Matcher RuleParser::matcher_table[matcher_count] = {
    {"app", &RuleParser::read_app, true, true},        {"to", &RuleParser::read_to, true, false},
    {"except", &RuleParser::read_except, true, true},  {"port", &RuleParser::read_ports, true, true},
    {"proto", &RuleParser::read_protocol, true, true}, {"via", &RuleParser::read_via, true, false},
    {"from", &RuleParser::read_to, false, true},
};

}  // namespace

bool read_rule(std::string_view line, Rule& rule, Fault& fault, NewerLines newer) {
    return RuleParser(line, rule, fault, newer).parse();
}

std::uint32_t grammar_of(const Rule& rule) noexcept {
    if (rule.unknown != Unknown::nothing) return policy_grammar + 1;
    if (rule.incoming) return first_incoming_grammar;
    for (const KnownAction& action : known_actions) {
        if (action.verdict == rule.verdict) return action.since;
    }
    return policy_grammar;
}

void note_proxies(Policy& policy) {
    const auto is_led = [](const Rule& rule) { return rule.verdict == Verdict::socks5; };
    policy.proxies.clear();
    policy.proxies.reserve(static_cast<std::size_t>(std::count_if(policy.rules.begin(), policy.rules.end(), is_led)));
    for (const Rule& rule : policy.rules) {
        const Proxy proxy{rule.source, rule.proxy_port};
        const bool known = std::find(policy.proxies.begin(), policy.proxies.end(), proxy) != policy.proxies.end();
        if (is_led(rule) && !known) policy.proxies.push_back(proxy);
    }
}

bool is_rule_line(std::string_view line) noexcept {
    const std::size_t start = line.find_first_not_of(" \t");
    return start != std::string_view::npos && line[start] != '#';
}

void add_tunnel(const Tunnel& tunnel, Policy& policy) {
    add_tunnel_rules(tunnel, policy.rules);
    if (tunnel.delegated) return;
    for (const Prefix* const subnet : {&tunnel.address4, &tunnel.address6}) {
        if (subnet->address) policy.own_subnets.push_back({subnet->network(), subnet->length});
    }
}

Policy build_policy(Vector<Rule> rules, std::span<const Tunnel> tunnels) {
    Policy policy;
    policy.rules = std::move(rules);
    note_proxies(policy);
    for (const Tunnel& tunnel : tunnels) add_tunnel(tunnel, policy);
    return policy;
}

void PolicyStamp::add_line(std::string_view line) noexcept {
    *this += line;
    *this += '\n';
}

void PolicyStamp::add_tunnel(const Tunnel& tunnel) noexcept {
    add_line(tunnel.name);
    written::write(*this, tunnel);
    *this += '\n';
}

}  // namespace lsp
