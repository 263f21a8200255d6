// Every way in which a program's socket meets an address, as a program without any knowledge of us uses it.
#pragma once

#include <string>

namespace selftest {

struct Addresses {
    std::string target;  // one of this host's, to which all goes
    std::string source;  // another one, which the rule names
};

// Goes every way once to the target and prints a line each, "ok - …" or "not ok - …", with what the target saw and what
// it should have seen: the source if `ruled`, any other address of the host if not. The number of ways that went wrong.
int go_all_ways(const Addresses& addresses, bool ruled);

// What the provider takes for granted of the system below it, each asked without the provider's help. Empty, or what
// was answered instead. `interface_index`: not the one that `source` belongs to, and weak host send is on.

// A datagram's control data may name a source (IP_PKTINFO) together with another interface than the source's.
std::string send_across(const std::string& source, unsigned long interface_index, const std::string& destination);
// A socket of both families may be pinned at the IPv4 level (IP_UNICAST_IF) for its IPv4 destinations.
std::string pin_both_families(unsigned long interface_index);

}  // namespace selftest
