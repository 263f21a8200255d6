// The text forms of addresses, rules and tunnels, written to anything that takes characters and texts by +=: a string,
// or what only wants to know their length or their stamp. Private to core; readable.hpp has them as strings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "address.hpp"
#include "rule.hpp"
#include "text.hpp"
#include "tunnel.hpp"

namespace lsp::written {

template <typename Out>
void write_quad(Out& out, const std::uint8_t* bytes) {
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) out += '.';
        text::write_decimal(out, bytes[i]);
    }
}

template <typename Out>
void write_group(Out& out, unsigned group) {
    bool started = false;
    for (unsigned shift = 16; shift > 0;) {
        shift -= 4;
        const unsigned digit = (group >> shift) & 0xFU;
        started = started || digit != 0 || shift == 0;
        if (started) out += "0123456789abcdef"[digit];
    }
}

// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::", and
// the mixed form for v4-mapped addresses.
template <typename Out>
void write_v6(Out& out, const IpAddress& address) {
    constexpr std::size_t groups = 8;
    if (address.is_v4_mapped()) {
        out += std::string_view("::ffff:");
        write_quad(out, address.bytes.data() + 12);
        return;
    }
    const auto group = [&](std::size_t i) { return address.bytes[2 * i] * 256U + address.bytes[2 * i + 1]; };
    std::size_t run_start = groups;
    std::size_t run_length = 1;
    for (std::size_t i = 0; i < groups;) {
        std::size_t end = i;
        while (end < groups && group(end) == 0) ++end;
        if (end - i > run_length) {
            run_start = i;
            run_length = end - i;
        }
        i = std::max(end, i + 1);
    }
    bool after_group = false;
    for (std::size_t i = 0; i < groups;) {
        if (i == run_start) {
            out += std::string_view("::");
            i += run_length;
            after_group = false;
            continue;
        }
        if (after_group) out += ':';
        write_group(out, group(i));
        after_group = true;
        ++i;
    }
}

template <typename Out>
void write(Out& out, const IpAddress& address) {
    if (address.family == Family::ipv4) write_quad(out, address.bytes.data());
    if (address.family == Family::ipv6) write_v6(out, address);
}

// "1.2.3.4:1080", "[2001:db8::1]:1080".
template <typename Out>
void write_endpoint(Out& out, const IpAddress& address, std::uint16_t port) {
    const bool brackets = address.family == Family::ipv6;
    if (brackets) out += '[';
    write(out, address);
    if (brackets) out += ']';
    out += ':';
    text::write_decimal(out, port);
}

template <typename Out>
void write_with_length(Out& out, const Prefix& prefix) {
    write(out, prefix.address);
    out += '/';
    text::write_decimal(out, prefix.length);
}

template <typename Out>
void write(Out& out, const Prefix& prefix) {
    if (prefix.length != prefix.address.bit_length()) return write_with_length(out, prefix);
    write(out, prefix.address);
}

template <typename Out>
void write(Out& out, PortRange range) {
    text::write_decimal(out, range.first);
    if (range.last == range.first) return;
    out += '-';
    text::write_decimal(out, range.last);
}

template <typename Out>
void write_quoted(Out& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

template <typename Out>
void write_value(Out& out, std::string_view value) {
    if (value.empty() || value.find_first_of(" \t\"") != std::string_view::npos) {
        write_quoted(out, value);
    } else {
        out += value;
    }
}

template <typename Out>
void write(Out& out, const InterfaceName& name) {
    const std::string_view text = name.text;
    if (text.empty()) {
        text::write_decimal(out, name.luid != 0 ? name.luid : name.index);
    } else if (std::all_of(text.begin(), text.end(), text::is_digit)) {
        write_quoted(out, text);
    } else {
        write_value(out, text);
    }
}

template <typename Out, typename Item>
void write_list(Out& out, std::string_view keyword, const Vector<Item>& items) {
    if (items.empty()) return;
    out += keyword;
    char before = ' ';
    for (const Item& item : items) {
        out += before;
        write(out, item);
        before = ',';
    }
    out += ' ';
}

template <typename Out>
void write(Out& out, const Rule& rule) {
    const auto word = [&out](std::string_view text) { out += text; };
    if (rule.incoming) word("in ");
    if (!rule.app.empty()) {
        word("app ");
        write_value(out, rule.app);
        out += ' ';
    }
    write_list(out, rule.incoming ? "from" : "to", rule.to);
    write_list(out, "except", rule.except);
    write_list(out, "port", rule.ports);
    if (rule.protocol != Protocol::any) {
        word("proto ");
        word(to_string(rule.protocol));
        out += ' ';
    }
    if (rule.via) {
        word("via ");
        write(out, rule.via);
        out += ' ';
    }
    word(to_string(rule.verdict));
    switch (rule.verdict) {
        case Verdict::keep:
        case Verdict::refuse: return;
        case Verdict::source:
            out += ' ';
            if (rule.interface_name) {
                word("interface ");
                write(out, rule.interface_name);
            } else {
                write(out, rule.source);
            }
            break;
        case Verdict::through:
            out += ' ';
            write(out, rule.interface_name);
            break;
        case Verdict::socks5:
            out += ' ';
            write_endpoint(out, rule.source, rule.proxy_port);
            for (const auto& [keyword, value] :
                 {std::pair{" login ", &rule.login}, std::pair{" owner ", &rule.owner}}) {
                if (value->empty()) continue;
                word(keyword);
                word(*value);
            }
            break;
    }
    if (rule.otherwise != default_otherwise(rule.verdict)) {
        word(" otherwise ");
        word(to_string(rule.otherwise));
    }
}

// A tunnel's subnet stands with its length even where it is one address: unlike a rule's, it matters.
template <typename Out>
void write(Out& out, const Tunnel& tunnel) {
    const auto word = [&out](std::string_view text) { out += text; };
    word("interface=");
    text::write_decimal(out, tunnel.interface_index);
    word(" address=");
    if (tunnel.address4.address) write_with_length(out, tunnel.address4);
    if (tunnel.address4.address && tunnel.address6.address) out += ',';
    if (tunnel.address6.address) write_with_length(out, tunnel.address6);
    word(" source=");
    write(out, tunnel.source4);
    if (tunnel.source4 && tunnel.source6) out += ',';
    write(out, tunnel.source6);
    word(" otherwise=");
    word(to_string(tunnel.otherwise));
    if (tunnel.publisher.process_id == 0) return;
    word(" publisher=");
    text::write_decimal(out, tunnel.publisher.process_id);
    out += '@';
    text::write_decimal(out, tunnel.publisher.started);
}

}  // namespace lsp::written
