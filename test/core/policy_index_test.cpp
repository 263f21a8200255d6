#include "core/policy_index.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "support.hpp"

using namespace lsp;
using support::address;
using support::prefix;

namespace {

constexpr std::string_view process = "C:\\Program Files\\Browser\\Browser.exe";

struct Flow {
    Protocol protocol = Protocol::tcp;
    IpAddress destination;
    std::uint16_t port = 443;
    Route route = {};
};

Policy policy_of(const std::vector<std::string>& lines) {
    Policy policy;
    for (const std::string& line : lines) policy.rules.push_back(support::rule(line));
    return policy;
}

// Asks rule by rule and through the index; true if both say the same.
bool agree(const Policy& policy, const PolicyIndex& index, std::string_view program, const Flow& flow) {
    const Decision plain = decide(policy, program, flow.protocol, flow.destination, flow.port, flow.route);
    const Decision indexed = index.decide(policy, flow.protocol, flow.destination, flow.port, flow.route);
    return plain.verdict == indexed.verdict && plain.reason == indexed.reason && plain.otherwise == indexed.otherwise &&
           plain.rule == indexed.rule && plain.source == indexed.source && plain.pin_interface == indexed.pin_interface;
}

std::int32_t winner(const std::vector<std::string>& lines, const Flow& flow) {
    const Policy policy = policy_of(lines);
    const PolicyIndex index(policy, process);
    CHECK(agree(policy, index, process, flow));
    return index.decide(policy, flow.protocol, flow.destination, flow.port, flow.route).rule;
}

// The address before or after, within its family; the first one's predecessor is the last one.
IpAddress neighbour(IpAddress address, bool after) {
    for (std::size_t i = address.bit_length() / 8; i-- > 0;) {
        address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] + (after ? 1 : 255));
        if (address.bytes[i] != (after ? 0 : 255)) break;
    }
    return address;
}

IpAddress last_of(const Prefix& prefix) {
    IpAddress address = prefix.address;
    for (unsigned bit = prefix.length; bit < address.bit_length(); ++bit) {
        address.bytes[bit / 8U] = static_cast<std::uint8_t>(address.bytes[bit / 8U] | (0x80U >> bit % 8U));
    }
    return address;
}

// Policies whose rules get in each other's way: prefixes within prefixes, twice the same, ranges of ports that overlap.
class Policies {
  public:
    explicit Policies(std::uint64_t seed) : random(seed) {}

    void next(Policy& policy) {
        policy = {};
        prefixes_.clear();
        for (std::uint64_t n = 1 + random.below(12); n > 0; --n) {
            const Family family = random.chance(60) ? Family::ipv4 : Family::ipv6;
            const IpAddress any = random.address(family);
            prefixes_.push_back({any, static_cast<std::uint8_t>(random.below(any.bit_length() + 1))});
        }
        plainness_ = random.one_of(std::array{20U, 50U, 90U});
        const std::uint64_t count = random.chance(10) ? random.below(300) : random.below(30);
        for (std::uint64_t n = count; n > 0; --n) policy.rules.push_back(rule());
        if (random.chance(20)) policy.own_subnets.push_back(a_prefix());
    }

    Flow flow(const Policy& policy) {
        Flow flow;
        flow.protocol = random.one_of(std::array{Protocol::tcp, Protocol::udp, Protocol::raw, Protocol::any});
        flow.destination = destination();
        flow.port = port(policy);
        flow.route.interface_index = static_cast<std::uint32_t>(random.below(4));
        flow.route.source = random.one_of(sources_);
        return flow;
    }

    support::Random random;

  private:
    // One of the policy's own, or one around or within it.
    Prefix a_prefix() {
        Prefix prefix = random.one_of(prefixes_);
        const unsigned bits = prefix.address.bit_length();
        if (random.chance(50)) prefix.length = static_cast<std::uint8_t>(random.below(bits + 1));
        return prefix;
    }

    void prefix_list(Vector<Prefix>& list) {
        for (std::uint64_t n = 1 + random.below(random.chance(10) ? 20 : 3); n > 0; --n) list.push_back(a_prefix());
    }

    void port_list(Vector<PortRange>& list) {
        for (std::uint64_t n = 1 + random.below(random.chance(10) ? 40 : 3); n > 0; --n) {
            const auto first = static_cast<std::uint16_t>(random.chance(50) ? random.below(40) : random.below(65536));
            const std::uint64_t more = random.chance(50) ? 0 : random.chance(50) ? random.below(20) : 65535;
            list.push_back({first, static_cast<std::uint16_t>(first + random.below(more + 1) % (65536U - first))});
        }
        if (random.chance(5)) list.push_back({0, 65535});
    }

    Rule rule() {
        Rule rule;
        if (random.chance(80)) prefix_list(rule.to);
        if (!random.chance(plainness_)) {
            if (random.chance(30)) rule.app = random.one_of(apps_);
            if (random.chance(30)) prefix_list(rule.except);
            if (random.chance(50)) port_list(rule.ports);
            if (random.chance(30)) rule.protocol = random.one_of(std::array{Protocol::tcp, Protocol::udp});
            if (random.chance(30)) rule.via.index = static_cast<std::uint32_t>(1 + random.below(3));
            if (random.chance(5)) rule.via = {0, "Ethernet"};  // not resolved
        }
        // Nothing that the parser would let through, but what a Rule can hold.
        if (random.chance(2)) rule.to.push_back({IpAddress{}, 0});
        if (random.chance(2)) rule.to.push_back({IpAddress::v4(1, 2, 3, 4), 200});
        rule.verdict = random.one_of(
            std::array{Verdict::keep, Verdict::source, Verdict::refuse, Verdict::through, Verdict::socks5});
        if (rule.verdict == Verdict::source) {
            if (random.chance(95)) rule.source = random.one_of(sources_);
            if (random.chance(20)) rule.interface_name.text = "Tap";
            rule.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        } else if (rule.verdict == Verdict::through || rule.verdict == Verdict::socks5) {
            if (random.chance(90)) rule.source = random.one_of(sources_);
            if (random.chance(50)) rule.source6 = IpAddress::v4(1, 2, 3, 4).mapped();
            rule.interface_name = {static_cast<std::uint32_t>(random.below(3)), "Tap"};
            rule.proxy_port = 1080;
            rule.otherwise = random.chance(50) ? Otherwise::keep : Otherwise::refuse;
        }
        return rule;
    }

    IpAddress destination() {
        if (random.chance(10)) return random.address(random.chance(50) ? Family::ipv4 : Family::ipv6);
        const Prefix prefix = a_prefix();
        IpAddress address = prefix.network();
        switch (random.below(5)) {
            case 0: break;
            case 1: address = neighbour(address, false); break;
            case 2: address = last_of(prefix); break;
            case 3: address = neighbour(last_of(prefix), true); break;
            default: address = prefix.address;
        }
        return random.chance(20) ? address.mapped() : address;
    }

    std::uint16_t port(const Policy& policy) {
        if (!policy.rules.empty() && random.chance(70)) {
            const Rule& rule = random.one_of(policy.rules);
            if (!rule.ports.empty()) {
                const PortRange range = random.one_of(rule.ports);
                const int edge = random.chance(50) ? range.first : range.last;
                return static_cast<std::uint16_t>(edge - 1 + static_cast<int>(random.below(3)));
            }
        }
        return static_cast<std::uint16_t>(random.chance(50) ? random.below(40) : random.below(65536));
    }

    Vector<Prefix> prefixes_;
    unsigned plainness_ = 0;
    const std::vector<std::string> apps_ = {"browser.exe", "*", "other.exe", "C:\\Program Files\\*", "D:\\*"};
    const std::vector<IpAddress> sources_ = {IpAddress::v4(11, 22, 33, 44), IpAddress::v4(10, 8, 0, 2),
                                             *parse_address("2001:db8::44")};
};

}  // namespace

TEST_SUITE_BEGIN("policy index");

TEST_CASE("the index decides as the rules do, one after the other: random policies and flows") {
    Policies policies(20261125);
    Policy policy;
    int by_rule = 0;
    int not_first = 0;
    int disagreements = 0;
    for (int i = 0; i < 1500; ++i) {
        policies.next(policy);
        const std::string_view program = policies.random.chance(10) ? std::string_view() : process;
        const PolicyIndex index(policy, program);
        for (int k = 0; k < 100; ++k) {
            const Flow flow = policies.flow(policy);
            if (!agree(policy, index, program, flow)) ++disagreements;
            const std::int32_t rule = index.decide(policy, flow.protocol, flow.destination, flow.port, flow.route).rule;
            by_rule += rule >= 0 ? 1 : 0;
            not_first += rule > 0 ? 1 : 0;
        }
    }
    CHECK(disagreements == 0);
    // Or the policies were not worth asking.
    CHECK(by_rule > 50'000);
    CHECK(not_first > 30'000);
}

TEST_CASE("the first matching rule wins over a longer prefix, and over a port's") {
    const Flow flow{.destination = address("10.1.2.3"), .port = 80};
    CHECK(winner({"to 10.0.0.0/8 keep", "to 10.1.0.0/16 refuse", "to 10.1.2.3 refuse"}, flow) == 0);
    CHECK(winner({"to 10.1.2.3 keep", "to 10.1.0.0/16 refuse", "to 10.0.0.0/8 refuse"}, flow) == 0);
    CHECK(winner({"to 10.1.2.4 keep", "to 10.0.0.0/8 refuse", "to 10.1.0.0/16 refuse"}, flow) == 1);
    CHECK(winner({"to 10.1.0.0/16 port 81 keep", "to 10.0.0.0/8 port 80 refuse", "to 10.1.2.3 keep"}, flow) == 1);
    CHECK(winner({"port 80 keep", "to 10.1.2.3 refuse"}, flow) == 0);
    CHECK(winner({"to 10.1.2.3 refuse", "port 80 keep", "keep"}, flow) == 0);
    CHECK(winner({"port 81-90 keep", "port 70-79 keep", "keep", "port 80 keep"}, flow) == 2);
    CHECK(winner({"to 10.1.2.3 proto udp keep", "to 10.1.2.3 via 7 keep", "to 10.1.2.3 keep"}, flow) == 2);
    CHECK(winner({"except 10.1.0.0/16 keep", "to ::/0 keep"}, flow) == -1);
    CHECK(winner({}, flow) == -1);
}

TEST_CASE("rules for other programs and unresolved ones cost nothing") {
    const PolicyIndex none(policy_of({"app other.exe to 10.0.0.0/8 via 12 refuse", "via Ethernet keep",
                                      "source interface Ethernet", "to ::/0 source 1.2.3.4"}),
                           process);
    CHECK(none.empty());
    CHECK(none.memory() == 0);
    CHECK_FALSE(none.needs_route());
    // One that refuses without its interface can win.
    CHECK_FALSE(PolicyIndex(policy_of({"source interface Ethernet otherwise refuse"}), process).empty());
    const PolicyIndex some(policy_of({"app browser.exe to 10.0.0.0/8 via 12 refuse"}), process);
    CHECK_FALSE(some.empty());
    CHECK(some.needs_route());
    CHECK(PolicyIndex().empty());
    const Policy empty;
    CHECK(PolicyIndex().decide(empty, Protocol::tcp, address("1.2.3.4"), 80, {}).reason == Reason::no_rule);
}

TEST_CASE("memory is proportional to the rules, whatever their ports") {
    const auto memory = [](const std::string& line, std::size_t count) {
        return PolicyIndex(policy_of(std::vector<std::string>(count, line)), process).memory();
    };
    std::string ragged = "port 1-65534";
    for (int i = 0; i < 300; ++i) ragged += ",1-65534";
    for (const std::string& line : {std::string("to 1.2.3.4 port 1-65534 keep"), ragged + " keep", std::string("keep"),
                                    std::string("port 80 keep"), std::string("to ::/0,0.0.0.0/0 keep")}) {
        CAPTURE(line);
        CHECK(memory(line, 1024) <= std::size_t{1024} * 64 * 32);
    }
}

TEST_CASE("deciding through the index allocates nothing and promises not to throw") {
    const Policy policy = policy_of({"to 1.0.0.0/8,::/0 port 1-2 keep", "to 8.8.0.0/16 except 8.8.8.8 refuse",
                                     "port 440-450 via 12 source 11.22.33.44"});
    const PolicyIndex index(policy, process);
    static_assert(noexcept(index.decide(policy, {}, {}, {}, {})));
    const Route route{12, IpAddress::v4(10, 8, 0, 2)};
    const IpAddress destinations[] = {address("8.8.8.8"), address("::ffff:8.8.4.4"), address("2001:db8::1")};
    const std::size_t before = support::allocations();
    bool sourced = false;
    for (const IpAddress& destination : destinations) {
        sourced |= index.decide(policy, Protocol::tcp, destination, 443, route).verdict == Verdict::source;
    }
    CHECK(support::allocations() == before);
    CHECK(sourced);
}

TEST_SUITE_END();
