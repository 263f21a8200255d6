#include "core/address.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "support.hpp"

using lsp::Family;
using lsp::IpAddress;
using lsp::Prefix;
using support::address;
using support::prefix;

TEST_CASE("an address is written in one canonical form, RFC 5952 for IPv6") {
    const struct {
        const char* text;
        const char* canonical;
    } table[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"11.22.33.44", "11.22.33.44"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::ABCD", "2001:db8::abcd"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},   // … even if it was
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equals
        {"0:0:1:0:0:0:0:0", "0:0:1::"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"::FFFF:102:304", "::ffff:1.2.3.4"},
        {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
        {"1:2:3:4:5:6:255.255.0.1", "1:2:3:4:5:6:ffff:1"},
        {"::1.2.3.4", "::102:304"},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CHECK(lsp::to_string(address(row.text)) == row.canonical);
        CHECK(address(row.canonical) == address(row.text));
    }
    CHECK(lsp::to_string(IpAddress{}).empty());
}

TEST_CASE("what is not exactly an address is none") {
    const char* const table[] = {
        "",
        " ",
        ".",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "256.1.1.1",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.04",
        "00.0.0.0",
        "0x1.2.3.4",
        "1.2.3.-4",
        "+1.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4/8",
        "1.2.3.4%1",
        "1.2.3.a",
        "16909060",
        "1.2.3.99999999999999999999",
        ":",
        ":::",
        "::1::",
        "1::2::3",
        ":1",
        "1:",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "12345::",
        "g::",
        "::1%eth0",
        "fe80::1%12",
        "[::1]",
        "::1/64",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "::1.2.3.256",
        "::01.2.3.4",
        "1:2:3:4:5:6:7:",
        "1:::2",
        "0x1::",
        "-1::",
        "localhost",
        "1:2:3:4:5:6:7:8 ",
        "0000:0000:0000:0000:0000:0000:255.255.255.255.255.255",
    };
    for (const char* const text : table) {
        CAPTURE(text);
        CHECK_FALSE(lsp::parse_address(text));
    }
    CHECK_FALSE(lsp::parse_address(std::string_view("1.2.3.4\0", 8)));
    CHECK_FALSE(lsp::parse_address(std::string_view("::1\0", 4)));
    CHECK_FALSE(lsp::parse_address(std::string(100000, ':')));
}

TEST_CASE("parsing agrees with the system's inet_pton on valid, mutated and random text") {
    support::Random random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string text = lsp::to_string(random.address(random.chance(30) ? Family::ipv4 : Family::ipv6));
        if (random.chance(70)) text = random.mutated(text);
        if (text.find('\0') != std::string::npos) continue;  // inet_pton stops there
        CAPTURE(text);
        std::uint8_t bytes[16];
        const auto parsed = lsp::parse_address(text);
        if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) {
            REQUIRE(parsed);
            CHECK(*parsed == IpAddress::v4(bytes));
        } else if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
            REQUIRE(parsed);
            CHECK(*parsed == IpAddress::v6(bytes));
        } else {
            CHECK_FALSE(parsed);
        }
    }
}

TEST_CASE("every address comes back from its text, and every prefix") {
    support::Random random(2);
    for (int i = 0; i < 20000; ++i) {
        const IpAddress any = random.address(random.chance(50) ? Family::ipv4 : Family::ipv6);
        CHECK(lsp::parse_address(lsp::to_string(any)) == any);
        const Prefix with_length{any, static_cast<std::uint8_t>(random.below(any.bit_length() + 1))};
        CHECK(lsp::parse_prefix(lsp::to_string(with_length)) == with_length);
    }
}

TEST_CASE("addresses are told apart by what they mean") {
    enum : unsigned {
        none = 0,
        unspecified = 1,
        loopback = 2,
        multicast = 4,
        broadcast = 8,
        link_local = 16,
        mapped = 32,
        reserved = 64
    };
    const struct {
        const char* text;
        unsigned kinds;
    } table[] = {
        {"0.0.0.0", unspecified | reserved},
        {"0.0.0.1", reserved},
        {"0.255.255.255", reserved},
        {"1.0.0.0", none},
        {"126.255.255.255", none},
        {"127.0.0.0", loopback},
        {"127.0.0.1", loopback},
        {"127.255.255.255", loopback},
        {"128.0.0.0", none},
        {"169.253.255.255", none},
        {"169.254.0.0", link_local},
        {"169.254.255.255", link_local},
        {"169.255.0.0", none},
        {"223.255.255.255", none},
        {"224.0.0.0", multicast},
        {"239.255.255.255", multicast},
        {"240.0.0.0", reserved},
        {"255.255.255.254", reserved},
        {"255.255.255.255", broadcast | reserved},
        {"::", unspecified},
        {"::1", loopback},
        {"::2", none},
        {"1::1", none},
        {"fe7f:ffff::", none},
        {"fe80::", link_local},
        {"febf:ffff::1", link_local},
        {"fec0::", none},
        {"feff::", none},
        {"ff00::", multicast},
        {"ff02::1", multicast},
        {"::ffff:0.0.0.0", mapped},
        {"::ffff:127.0.0.1", mapped},
        {"::fffe:1.2.3.4", none},
        {"::1.2.3.4", none},
        {"1::ffff:1.2.3.4", none},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        const IpAddress a = address(row.text);
        CHECK(a.is_unspecified() == ((row.kinds & unspecified) != 0));
        CHECK(a.is_loopback() == ((row.kinds & loopback) != 0));
        CHECK(a.is_multicast() == ((row.kinds & multicast) != 0));
        CHECK(a.is_limited_broadcast() == ((row.kinds & broadcast) != 0));
        CHECK(a.is_link_local() == ((row.kinds & link_local) != 0));
        CHECK(a.is_v4_mapped() == ((row.kinds & mapped) != 0));
        CHECK(a.is_reserved() == ((row.kinds & reserved) != 0));
        CHECK((lsp::special_kind(a) == nullptr) == (row.kinds == none));
    }
    const IpAddress no_address;
    CHECK_FALSE(no_address);
    CHECK(no_address.bit_length() == 0);
    CHECK_FALSE(no_address.is_unspecified());
    CHECK_FALSE(no_address.is_loopback());
    CHECK_FALSE(no_address.is_multicast());
    CHECK_FALSE(no_address.is_limited_broadcast());
    CHECK_FALSE(no_address.is_link_local());
    CHECK_FALSE(no_address.is_v4_mapped());
    CHECK_FALSE(no_address.is_reserved());
}

TEST_CASE("mapping and unmapping are inverse, and leave other addresses alone") {
    CHECK(address("1.2.3.4").mapped() == address("::ffff:1.2.3.4"));
    CHECK(address("::ffff:1.2.3.4").unmapped() == address("1.2.3.4"));
    for (const char* const text : {"::1", "2001:db8::1", "::1.2.3.4"}) {
        CHECK(address(text).mapped() == address(text));
        CHECK(address(text).unmapped() == address(text));
    }
    CHECK(address("1.2.3.4").unmapped() == address("1.2.3.4"));
    CHECK(IpAddress{}.mapped() == IpAddress{});
    CHECK(IpAddress{}.unmapped() == IpAddress{});
    CHECK(IpAddress::v4(1, 2, 3, 4) == address("1.2.3.4"));
}

TEST_CASE("a prefix contains its addresses and no others") {
    const struct {
        const char* prefix;
        const char* address;
        bool inside;
    } table[] = {
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::", false},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.9.9.9/8", "10.1.2.3", true},  // host bits do not count
        {"10.8.0.0/13", "10.15.255.255", true},
        {"10.8.0.0/13", "10.16.0.0", false},
        {"10.8.0.0/13", "10.7.255.255", false},
        {"1.2.3.4", "1.2.3.4", true},
        {"1.2.3.4", "1.2.3.5", false},
        {"1.2.3.4/31", "1.2.3.5", true},
        {"1.2.3.4/31", "1.2.3.6", false},
        {"::/0", "ffff::", true},
        {"::/0", "1.2.3.4", false},
        {"2001:db8::/32", "2001:db8:ffff::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::1", "::1", true},
        {"::1", "::", false},
        {"::2/127", "::3", true},
        {"::2/127", "::4", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.prefix);
        CAPTURE(row.address);
        CHECK(prefix(row.prefix).contains(address(row.address)) == row.inside);
    }
    CHECK_FALSE(Prefix{}.contains(IpAddress{}));
    CHECK_FALSE(Prefix{}.contains(address("1.2.3.4")));
    CHECK_FALSE(Prefix{address("1.2.3.4"), 33}.contains(address("1.2.3.4")));
    CHECK_FALSE(Prefix{address("::1"), 255}.contains(address("::1")));
}

TEST_CASE("a directed broadcast address exists for IPv4 subnets of four addresses and more") {
    const struct {
        const char* prefix;
        const char* broadcast;  // null: none
        const char* network;
    } table[] = {
        {"10.8.0.6/24", "10.8.0.255", "10.8.0.0"},
        {"10.8.0.6/30", "10.8.0.7", "10.8.0.4"},
        {"10.8.0.6/31", nullptr, "10.8.0.6"},
        {"10.8.0.6/32", nullptr, "10.8.0.6"},
        {"172.16.9.9/12", "172.31.255.255", "172.16.0.0"},
        {"1.2.3.4/0", "255.255.255.255", "0.0.0.0"},
        {"128.129.0.2/17", "128.129.127.255", "128.129.0.0"},
        {"fd00::12/64", nullptr, "fd00::"},
        {"2001:db8:ffff::/33", nullptr, "2001:db8:8000::"},
        {"fd00::12/128", nullptr, "fd00::12"},
    };
    for (const auto& row : table) {
        CAPTURE(row.prefix);
        CHECK(prefix(row.prefix).broadcast() == (row.broadcast == nullptr ? IpAddress{} : address(row.broadcast)));
        CHECK(prefix(row.prefix).network() == address(row.network));
    }
    CHECK(Prefix{}.broadcast() == IpAddress{});
    CHECK(Prefix{}.network() == IpAddress{});
}

TEST_CASE("a prefix is an address alone or with a decimal length") {
    CHECK(prefix("10.0.0.1") == Prefix{address("10.0.0.1"), 32});
    CHECK(prefix("::1") == Prefix{address("::1"), 128});
    CHECK(prefix("10.1.2.3/8") == Prefix{address("10.1.2.3"), 8});
    CHECK(lsp::to_string(prefix("10.1.2.3/32")) == "10.1.2.3");
    CHECK(lsp::to_string(prefix("10.1.2.3/0")) == "10.1.2.3/0");
    CHECK(lsp::to_string(prefix("2001:DB8::/32")) == "2001:db8::/32");
    for (const char* const text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8",
                                   "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/8 ", "10.0.0.0 /8", "::/129", "::/",
                                   "::/0x10", "10/8", "10.0.0.0/255.0.0.0", "::/18446744073709551616"}) {
        CAPTURE(text);
        CHECK_FALSE(lsp::parse_prefix(text));
    }
}

TEST_CASE("a netmask has a length only if its one bits are contiguous") {
    for (unsigned length = 0; length <= 32; ++length) {
        const std::uint32_t bits = length == 0 ? 0 : 0xFFFFFFFFU << (32U - length);
        const auto byte = [&](unsigned shift) { return static_cast<std::uint8_t>(bits >> shift); };
        CHECK(lsp::netmask_length(IpAddress::v4(byte(24), byte(16), byte(8), byte(0))) == length);
    }
    for (const char* const text :
         {"255.0.255.0", "0.255.255.255", "255.255.255.1", "0.0.0.1", "254.255.0.0", "::", "ffff::"}) {
        CAPTURE(text);
        CHECK_FALSE(lsp::netmask_length(address(text)));
    }
    CHECK_FALSE(lsp::netmask_length(IpAddress{}));
}
