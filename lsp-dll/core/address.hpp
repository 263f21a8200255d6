// IP addresses, prefixes and their text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace lsp {

enum class Family : std::uint8_t { none = 0, ipv4 = 4, ipv6 = 6 };

// An IPv4 or IPv6 address in network byte order. An IPv4 address uses the first four bytes; the rest are zero, so that
// equality is plain.
struct IpAddress {
    Family family = Family::none;
    std::array<std::uint8_t, 16> bytes{};

    static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept;
    static IpAddress v4(const void* four_bytes) noexcept;
    static IpAddress v6(const void* sixteen_bytes) noexcept;

    // The bytes as two words, for what must be quick: as they lie in memory, so in no order that means anything.
    std::array<std::uint64_t, 2> halves() const noexcept {
        std::array<std::uint64_t, 2> words;
        std::memcpy(words.data(), bytes.data(), sizeof(words));
        return words;
    }

    // The default calls memcmp, and this stands on the way of every datagram.
    friend bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
        const auto of_a = a.halves(), of_b = b.halves();
        return a.family == b.family && ((of_a[0] ^ of_b[0]) | (of_a[1] ^ of_b[1])) == 0;
    }

    explicit operator bool() const noexcept { return family != Family::none; }
    unsigned bit_length() const noexcept { return family == Family::ipv4 ? 32 : family == Family::ipv6 ? 128 : 0; }

    bool is_unspecified() const noexcept;
    bool is_loopback() const noexcept;           // 127.0.0.0/8, ::1
    bool is_multicast() const noexcept;          // 224.0.0.0/4, ff00::/8
    bool is_limited_broadcast() const noexcept;  // 255.255.255.255
    bool is_link_local() const noexcept;         // 169.254.0.0/16, fe80::/10
    bool is_v4_mapped() const noexcept;          // ::ffff:0:0/96
    // 0.0.0.0/8 ("this network", RFC 1122 §3.2.1.3) and 240.0.0.0/4 (RFC 1112 §4): no host can have one.
    bool is_reserved() const noexcept;

    // The IPv4 address inside a v4-mapped IPv6 address; any other address is returned as it is.
    IpAddress unmapped() const noexcept;
    // The v4-mapped IPv6 form of an IPv4 address; an IPv6 address is returned as it is.
    IpAddress mapped() const noexcept;
};

// What keeps an address from being an ordinary unicast one: "an unspecified address", "a loopback address", "a
// multicast address", "the limited broadcast address", "a link-local address", "a v4-mapped address", "a
// reserved address"; null for an ordinary one.
const char* special_kind(const IpAddress& address) noexcept;

// Text forms: dotted quad (exactly four decimal numbers without leading zeros, RFC 6943 §3.1.1 "strict") and RFC 4291
// §2.2 with RFC 5952 output (readable.hpp). A zone ("%eth0") is not an address. Anything else is nullopt.
std::optional<IpAddress> parse_address(std::string_view text) noexcept;

// An address with a prefix length in bits (0 to 32 or 128). The host bits are kept as they were given.
struct Prefix {
    IpAddress address;
    std::uint8_t length = 0;

    friend bool operator==(const Prefix&, const Prefix&) = default;

    bool contains(const IpAddress& other) const noexcept;  // false for the other family
    // The directed broadcast address of an IPv4 prefix shorter than 31 bits (RFC 3021); none otherwise.
    IpAddress broadcast() const noexcept;
    IpAddress network() const noexcept;  // host bits cleared
};

// What keeps an address from being a host's in the subnet: "the network's address", "the broadcast address"; else null.
// Only IPv4 subnets shorter than 31 bits (RFC 3021) have such addresses.
const char* subnet_kind(const Prefix& subnet, const IpAddress& address) noexcept;

// "10.0.0.0/8", or an address alone (its full length); to_string writes the full length as the address alone, too.
std::optional<Prefix> parse_prefix(std::string_view text) noexcept;

// The prefix length of an IPv4 netmask such as 255.255.255.0; none if its one bits are not contiguous.
std::optional<std::uint8_t> netmask_length(const IpAddress& netmask) noexcept;

}  // namespace lsp
