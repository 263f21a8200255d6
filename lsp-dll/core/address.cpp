#include "address.hpp"

#include <algorithm>
#include <cstring>

#include "text.hpp"

namespace lsp {
namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned groups_in_v6 = 8;
constexpr std::size_t longest_v6_text = 45;  // eight groups, the last two as a dotted quad

std::optional<IpAddress> parse_v4(std::string_view text) {
    IpAddress address;
    address.family = Family::ipv4;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t dot = text.find('.');
        if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
        const auto number = text::parse_number(text::piece_of(text, 0, dot), 255);
        if (!number) return std::nullopt;
        address.bytes[i] = static_cast<std::uint8_t>(*number);
        if (i < 3) text.remove_prefix(dot + 1);
    }
    return address;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (const char c : text) {
        const char digit = text::lower(c);
        if (text::is_digit(digit)) {
            value = value * 16 + static_cast<unsigned>(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = value * 16 + static_cast<unsigned>(digit - 'a') + 10;
        } else {
            return std::nullopt;
        }
    }
    return static_cast<std::uint16_t>(value);
}

std::optional<IpAddress> parse_v6(std::string_view text) {
    if (text.size() > longest_v6_text) return std::nullopt;
    std::array<std::uint16_t, groups_in_v6> groups{};
    std::size_t count = 0;
    std::optional<std::size_t> gap;  // how many groups stand before "::"
    if (text::piece_of(text, 0, 2) == "::") {
        gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view word = text::piece_of(text, 0, colon);
        if (word.find('.') != std::string_view::npos) {
            const auto quad = parse_v4(word);
            if (!quad || colon != std::string_view::npos || count > groups_in_v6 - 2) return std::nullopt;
            for (std::size_t i = 0; i < 4; i += 2) {
                groups[count++] = static_cast<std::uint16_t>(quad->bytes[i] * 256 + quad->bytes[i + 1]);
            }
            break;
        }
        const auto group = parse_group(word);
        if (!group || count == groups_in_v6) return std::nullopt;
        groups[count++] = *group;
        if (colon == std::string_view::npos) break;
        text.remove_prefix(colon + 1);
        if (text.empty()) return std::nullopt;  // a single colon at the end
        if (text.front() == ':') {
            if (gap) return std::nullopt;
            gap = count;
            text.remove_prefix(1);
        }
    }
    if (gap ? count == groups_in_v6 : count != groups_in_v6) return std::nullopt;
    if (gap) {
        // What follows "::" moves to the end; what it leaves behind becomes zero.
        const auto first = groups.begin() + static_cast<std::ptrdiff_t>(*gap);
        const auto last = groups.begin() + static_cast<std::ptrdiff_t>(count);
        std::rotate(first, last, groups.end());
    }
    IpAddress address;
    address.family = Family::ipv6;
    for (std::size_t i = 0; i < groups_in_v6; ++i) {
        address.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
        address.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFFU);
    }
    return address;
}

}  // namespace

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
    IpAddress address;
    address.family = Family::ipv4;
    address.bytes = {a, b, c, d};
    return address;
}

IpAddress IpAddress::v4(const void* four_bytes) noexcept {
    IpAddress address;
    address.family = Family::ipv4;
    std::memcpy(address.bytes.data(), four_bytes, 4);
    return address;
}

IpAddress IpAddress::v6(const void* sixteen_bytes) noexcept {
    IpAddress address;
    address.family = Family::ipv6;
    std::memcpy(address.bytes.data(), sixteen_bytes, 16);
    return address;
}

bool IpAddress::is_unspecified() const noexcept {
    return family != Family::none && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const noexcept {
    if (family == Family::ipv4) return bytes[0] == 127;
    return family == Family::ipv6 && bytes[15] == 1 &&
           std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_multicast() const noexcept {
    if (family == Family::ipv4) return (bytes[0] & 0xF0U) == 0xE0U;
    return family == Family::ipv6 && bytes[0] == 0xFF;
}

bool IpAddress::is_limited_broadcast() const noexcept {
    return family == Family::ipv4 && bytes[0] == 255 && bytes[1] == 255 && bytes[2] == 255 && bytes[3] == 255;
}

bool IpAddress::is_link_local() const noexcept {
    if (family == Family::ipv4) return bytes[0] == 169 && bytes[1] == 254;
    return family == Family::ipv6 && bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80U;
}

bool IpAddress::is_v4_mapped() const noexcept {
    return family == Family::ipv6 && std::equal(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), bytes.begin());
}

bool IpAddress::is_reserved() const noexcept { return family == Family::ipv4 && (bytes[0] == 0 || bytes[0] >= 240); }

IpAddress IpAddress::unmapped() const noexcept {
    return is_v4_mapped() ? v4(bytes.data() + v4_mapped_prefix.size()) : *this;
}

IpAddress IpAddress::mapped() const noexcept {
    if (family != Family::ipv4) return *this;
    IpAddress address;
    address.family = Family::ipv6;
    std::copy(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), address.bytes.begin());
    std::copy_n(bytes.begin(), 4, address.bytes.begin() + v4_mapped_prefix.size());
    return address;
}

const char* special_kind(const IpAddress& address) noexcept {
    if (address.is_unspecified()) return "an unspecified address";
    if (address.is_loopback()) return "a loopback address";
    if (address.is_multicast()) return "a multicast address";
    if (address.is_limited_broadcast()) return "the limited broadcast address";
    if (address.is_link_local()) return "a link-local address";
    if (address.is_v4_mapped()) return "a v4-mapped address";
    if (address.is_reserved()) return "a reserved address";
    return nullptr;
}

std::optional<IpAddress> parse_address(std::string_view text) noexcept {
    return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

bool Prefix::contains(const IpAddress& other) const noexcept {
    if (address.family == Family::none || address.family != other.family || length > address.bit_length()) return false;
    const std::size_t whole = length / 8U;
    if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
    const unsigned rest = length % 8U;
    if (rest == 0) return true;
    const unsigned difference = address.bytes[whole] ^ static_cast<unsigned>(other.bytes[whole]);
    return difference >> (8U - rest) == 0;
}

IpAddress Prefix::broadcast() const noexcept {
    if (address.family != Family::ipv4 || length > 30) return {};
    IpAddress result = address;
    for (unsigned bit = length; bit < 32; ++bit) {
        result.bytes[bit / 8U] = static_cast<std::uint8_t>(result.bytes[bit / 8U] | (0x80U >> bit % 8U));
    }
    return result;
}

IpAddress Prefix::network() const noexcept {
    IpAddress result = address;
    for (unsigned bit = length; bit < address.bit_length(); ++bit) {
        result.bytes[bit / 8U] = static_cast<std::uint8_t>(result.bytes[bit / 8U] & ~(0x80U >> bit % 8U));
    }
    return result;
}

const char* subnet_kind(const Prefix& subnet, const IpAddress& address) noexcept {
    const IpAddress broadcast = subnet.broadcast();
    if (!broadcast) return nullptr;
    if (address == subnet.network()) return "the network's address";
    return address == broadcast ? "the broadcast address" : nullptr;
}

std::optional<Prefix> parse_prefix(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text::piece_of(text, 0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(address->bit_length())};
    const auto length = text::parse_number(text::piece_of(text, slash + 1), address->bit_length());
    if (!length) return std::nullopt;
    return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::optional<std::uint8_t> netmask_length(const IpAddress& netmask) noexcept {
    if (netmask.family != Family::ipv4) return std::nullopt;
    std::uint8_t length = 0;
    bool ended = false;
    for (unsigned bit = 0; bit < 32; ++bit) {
        const bool one = (netmask.bytes[bit / 8U] & (0x80U >> bit % 8U)) != 0;
        if (one && ended) return std::nullopt;
        ended = !one;
        if (one) ++length;
    }
    return length;
}

}  // namespace lsp
