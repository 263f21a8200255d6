// The decision: which source address, if any, a flow gets. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "address.hpp"
#include "policy.hpp"

namespace lsp {

// The best route to a destination, as the system gives it.
struct Route {
    std::uint32_t interface_index = 0;  // 0: there is no route
    IpAddress source;                   // what the system would choose
};

// Why a decision fell as it did.
enum class Reason : std::uint8_t {
    rule,         // Decision::rule won
    no_rule,      // no rule matched
    unspecified,  // always kept: the destination is 0.0.0.0 or :: (or no address at all)
    loopback,     // …
    multicast,
    broadcast,  // limited, or a tunnel subnet's own
    link_local,
    tunnel_subnet,
    already_source,  // Decision::rule won, and the system would choose its source anyway: nothing to do
    no_source,       // Decision::rule won, and its `otherwise` applies: its interface has no address of the
                     // destination's family, or is absent
    unknown_action,  // Decision::rule won and refuses: a newer version wrote it, and its action is not known here
    proxy,           // always kept: TCP to a proxy that a rule names
    not_tcp,         // Decision::rule won, and its `otherwise` applies: it is for a proxy, which takes TCP alone
};

struct Decision {
    Verdict verdict = Verdict::keep;
    Reason reason = Reason::no_rule;
    Otherwise otherwise = Otherwise::keep;
    std::int32_t rule = -1;  // index into Policy::rules, -1 for none
    IpAddress source;        // to leave from, in the destination's unmapped family; with Verdict::socks5: the proxy's
    // With Verdict::through, and with Verdict::source of a `via` rule: leave through this interface or not at all.
    std::uint32_t pin_interface = 0;
    std::uint16_t proxy_port = 0;  // with Verdict::socks5
};

// `process` is the full path of the program's image, UTF-8. `destination` may be v4-mapped; it is judged as IPv4.
// Allocates nothing, throws nothing. A rule with `via` or without a usable source for the family does not match when it
// cannot be evaluated (route.interface_index 0, source of the other family); but one that says `source interface` and
// `otherwise refuse` then refuses.
Decision decide(const Policy& policy, std::string_view process, Protocol protocol, const IpAddress& destination,
                std::uint16_t port, const Route& route) noexcept;

// The part that needs neither rules nor a route: true if the destination is always kept. So a caller can save the route
// look-up. `reason` says why.
bool always_kept(const Policy& policy, Protocol protocol, const IpAddress& destination, std::uint16_t port,
                 Reason& reason) noexcept;

// For a connection that comes in from `peer` to that local port of the process: keep or refuse, by the first incoming
// rule that matches. Loopback is always kept.
Decision decide_incoming(const Policy& policy, std::string_view process, const IpAddress& peer,
                         std::uint16_t local_port) noexcept;
// As always_kept.
bool always_let_in(const IpAddress& peer, Reason& reason) noexcept;

const char* to_string(Reason reason) noexcept;  // the enumerator's name: "no_rule" …

}  // namespace lsp
