// Rules: what the administrator's policy and the published tunnels say.
#pragma once

#include <cstdint>

#include "address.hpp"
#include "string.hpp"
#include "vector.hpp"

namespace lsp {

enum class Protocol : std::uint8_t { any = 0, tcp = 6, udp = 17, raw = 255 };

enum class Verdict : std::uint8_t { keep, source, refuse, through, socks5 };

// What happens when the action that a rule asks for cannot be had.
enum class Otherwise : std::uint8_t { keep, refuse };

// What of a line this version does not know, because it is older than whoever wrote the line.
enum class Unknown : std::uint8_t {
    nothing,
    action,    // it counts as `refuse`: what was meant may be one that must not silently be off
    incoming,  // it is for connections that come in, which this version does not judge: it matches nothing
};

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;

    friend bool operator==(const PortRange&, const PortRange&) = default;
};

// An interface as a rule names it: by index, or by what the system resolves (alias, GUID or LUID).
struct InterfaceName {
    std::uint32_t index = 0;  // 0: not resolved, or no interface named
    String text;              // an alias, or a GUID in braces
    std::uint64_t luid = 0;

    explicit operator bool() const noexcept { return index != 0 || is_resolved(); }
    // True if the index is what the system made of a name.
    bool is_resolved() const noexcept { return !text.empty() || luid != 0; }
    friend bool operator==(const InterfaceName&, const InterfaceName&) = default;
};

// One rule. Every matcher that is present must match; an absent one (empty list, Protocol::any, no interface) matches
// everything.
struct Rule {
    // With a path separator: the whole image path; without: its base name. '*' matches any run of characters,
    // separators included; '\\' and '/' are equal; case is ignored for A-Z only, so other letters must be written as
    // they are.
    String app;
    Vector<Prefix> to;        // destination inside one of these; of an incoming rule, `from`: the peer
    Vector<Prefix> except;    // and inside none of these
    Vector<PortRange> ports;  // the destination's; of an incoming rule, the local ones
    Protocol protocol = Protocol::any;
    InterfaceName via;  // the best route to the destination leaves through it

    Verdict verdict = Verdict::keep;
    bool incoming = false;  // a rule that begins with `in`: for connections that are accepted, keep or refuse
    Unknown unknown = Unknown::nothing;
    Otherwise otherwise = Otherwise::keep;
    std::uint16_t proxy_port = 0;  // with Verdict::socks5

    // With Verdict::source: this address, or the own address of `interface_name`. With Verdict::through: the interface
    // `interface_name` with its own addresses, `source` IPv4 and `source6`. The system writes an interface's addresses
    // when it loads the rules. With Verdict::socks5: the proxy's address.
    IpAddress source;
    IpAddress source6;
    InterfaceName interface_name;

    // With Verdict::socks5: the name of the user's credential, and whose service may listen on a loopback port of the
    // proxy beside the user's own programs and the system's: "local-service", "network-service" or a SID. Or empty.
    String login;
    String owner;

    friend bool operator==(const Rule&, const Rule&) = default;
};

// Whether the rule has to be asked also where the program chose its source itself: it can refuse, or leads to a proxy.
bool enforces(const Rule& rule) noexcept;

// What `otherwise` is where the rule does not say it: a rule that would be a leak if it silently did not apply refuses.
constexpr Otherwise default_otherwise(Verdict verdict) noexcept {
    return verdict == Verdict::through || verdict == Verdict::socks5 ? Otherwise::refuse : Otherwise::keep;
}

// The words of the policy text: "any", "tcp" …; "keep", "source", "refuse", "through", "socks5".
const char* to_string(Protocol protocol) noexcept;
const char* to_string(Verdict verdict) noexcept;
const char* to_string(Otherwise otherwise) noexcept;

}  // namespace lsp
