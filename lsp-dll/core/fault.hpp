// Why a text was rejected, and where, as a value: no process but those that show it to people makes a sentence of it
// (readable.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "address.hpp"

namespace lsp {

inline constexpr std::size_t longest_shown = 64;  // bytes of a rejected piece that a message repeats

enum class FaultKind : std::uint8_t {
    none,

    // Of any text. `number` is how long it is.
    too_long,
    control_character,
    not_utf8,
    expected_otherwise,  // keep or refuse

    // Of a rule.
    quote_in_word,
    tab_in_value,
    no_space_after_quote,
    no_closing_quote,
    too_long_printed,  // `number`: in its canonical form
    value_missing,     // `word`: a Keyword; the line ends after it
    value_empty,       // …
    second_matcher,    // `word`: a Keyword
    list_too_long,     // `number`: its values
    empty_in_list,
    expected_prefix,
    mapped_prefix,  // `prefix`: what is meant; `flag`: it is IPv4's alone
    expected_port,
    port_range_reversed,
    expected_protocol,
    expected_index,
    action_missing,
    expected_action,
    expected_source,
    mapped_source,  // `prefix.address`: what is meant
    special_source,
    expected_proxy,
    mapped_proxy,   // `prefix.address`: what is meant
    special_proxy,  // …
    expected_login,
    expected_owner,
    second_tail,      // `word`: a Keyword
    not_of_incoming,  // a matcher or an action that rules for connections that come in do not have
    line_goes_on,     // `flag`: with a matcher; `number` 1: with `otherwise`

    // Of a tunnel's text.
    second_key,
    expected_key,
    key_missing,  // `word`: a TunnelKey
    expected_interface,
    expected_subnet,
    second_subnet,
    expected_tunnel_source,
    second_source,
    expected_publisher,

    // Of a tunnel (tunnel_fault).
    tunnel_name,
    no_interface,
    no_address,
    address_family,
    address_special,  // `prefix.address`, and what special_kind says of it
    prefix_too_long,
    subnet_of_all,
    address_in_subnet,  // `prefix`, and what subnet_kind says of its address
    no_source,
    source_family,
    source_without_address,  // `prefix.address`
    source_special,          // …
    source_is_tunnels,       // …
    source_in_subnet,        // `prefix`: the source in the tunnel's subnet
    publisher_without_id,

    // Of a registry value (stored_values.hpp). `word`: a StoredValue.
    value_type,      // `number`: its type
    value_too_long,  // `number`: the limit in bytes
    value_torn,      // ends within a character
    value_unended,
};

// What a rule's word `word` is.
enum class Keyword : std::uint8_t {
    app,
    to,
    except,
    port,
    proto,
    via,
    from,
    source,
    interface,
    through,
    socks5,
    login,
    owner,
    otherwise
};
enum class TunnelKey : std::uint8_t { interface, address, source, otherwise, publisher };
enum class StoredValue : std::uint8_t { policy, definition };

struct Fault {
    FaultKind kind = FaultKind::none;
    std::uint8_t word = 0;
    bool flag = false;
    std::size_t line = 0;    // from 1; 0 when the text is one line by its nature
    std::size_t column = 0;  // from 1, in bytes: where the rejected word starts
    std::uint64_t number = 0;
    Prefix prefix;
    std::size_t piece_size = 0;      // of the rejected piece …
    char piece[longest_shown] = {};  // … which is here if it is no longer than this

    explicit operator bool() const noexcept { return kind != FaultKind::none; }
    void set_piece(std::string_view text) noexcept {
        piece_size = 0;
        for (const char c : text) add_to_piece(c);
    }
    void add_to_piece(char c) noexcept {
        if (piece_size < longest_shown) piece[piece_size] = c;
        ++piece_size;
    }
};

}  // namespace lsp
