// What a decision costs, with few rules and with many: rule by rule (core/decide) and through the index
// (core/policy_index), side by side in one run.
//
//     npm run bench:decide
//
// The machine may be doing other things. So time is the thread's own CPU time where the system has it, the rounds of
// all measurements are interleaved (a disturbance hits all of them), and each figure is the median of its rounds;
// beside it stands the quietest round.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decide.hpp"
#include "core/policy.hpp"
#include "core/policy_index.hpp"

namespace {

using namespace lsp;

double now_ns() {
#ifdef CLOCK_THREAD_CPUTIME_ID
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
#else
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

constexpr std::string_view process = "C:\\Program Files\\Browser\\Browser.exe";
constexpr std::size_t rounds = 41;
constexpr double round_ns = 1e6;
constexpr std::size_t flow_count = 4096;  // too many for the branch predictor to learn where `any` of the rules matches

enum class Hit { first, last, any, none };
enum class Mix { ipv4, ipv6, ports, programs, excepts };

struct Flow {
    IpAddress destination;
    std::uint16_t port;
};

struct Scenario {
    Mix mix = Mix::ipv4;
    std::size_t rules = 0;
    Hit hit = Hit::none;
    Policy policy;
    PolicyIndex index;
    std::vector<Flow> flows;
    std::vector<double> plain;  // ns per decision, each round
    std::vector<double> indexed;
    double build_us = 0;
};

// 1.0.0.0/24, 1.0.1.0/24 …, or 2001:db8:0::/56 …: disjoint networks.
Prefix network(Mix mix, std::size_t number) {
    const auto byte = [number](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
    if (mix != Mix::ipv6) return {IpAddress::v4(static_cast<std::uint8_t>(1 + byte(16)), byte(8), byte(0), 0), 24};
    const std::uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, byte(16), byte(8), byte(0)};
    return {IpAddress::v6(bytes), 56};
}

// In random order, with gaps between them.
Vector<Rule> rules_of(Mix mix, std::size_t count, std::mt19937& random) {
    std::vector<std::size_t> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = i * 6;
    for (std::size_t i = count; i > 1; --i) std::swap(numbers[i - 1], numbers[random() % i]);
    Vector<Rule> rules(count);
    for (std::size_t i = 0; i < count; ++i) {
        Rule& rule = rules[i];
        rule.verdict = Verdict::refuse;
        if (mix == Mix::ports) {
            const auto port = static_cast<std::uint16_t>(numbers[i]);
            rule.ports.push_back({port, port});
        } else if (mix == Mix::excepts) {
            rule.protocol = Protocol::udp;
            rule.except.push_back(network(mix, numbers[i]));
        } else {
            rule.to.push_back(network(mix, numbers[i]));
        }
        if (mix == Mix::programs && i != 0 && i + 1 != count) rule.app = "other" + std::to_string(i) + ".exe";
    }
    return rules;
}

Scenario make(Mix mix, std::size_t rules, Hit hit) {
    std::mt19937 random(static_cast<std::uint32_t>(rules + 1));
    Scenario scenario;
    scenario.mix = mix;
    scenario.rules = rules;
    scenario.hit = hit;
    scenario.policy.rules = rules_of(mix, rules, random);
    const double start = now_ns();
    scenario.index = PolicyIndex(scenario.policy, process);
    scenario.build_us = (now_ns() - start) / 1000;
    const bool v6 = mix == Mix::ipv6;
    for (std::size_t i = 0; i < flow_count; ++i) {
        Flow flow{network(mix, 1'000'000 + random() % 10'000).address, 65535};
        if (hit != Hit::none) {
            const std::size_t winner = hit == Hit::first ? 0 : hit == Hit::last ? rules - 1 : random() % rules;
            const Rule& rule = scenario.policy.rules[winner];
            if (!rule.to.empty()) flow.destination = rule.to.front().address;
            if (!rule.ports.empty()) flow.port = rule.ports.front().first;
        }
        flow.destination.bytes[v6 ? 15 : 3] = static_cast<std::uint8_t>(1 + random() % 250);
        scenario.flows.push_back(flow);
    }
    return scenario;
}

// Nanoseconds per decision in one round; the clock is read after every `batch`. What is decided goes into `sum`, so
// that it has to be decided.
template <typename Decide>
double one_round(const std::vector<Flow>& flows, std::size_t batch, std::int64_t& sum, Decide decide) {
    std::size_t count = 0;
    std::size_t next = 0;
    const double start = now_ns();
    double taken = 0;
    do {
        for (std::size_t i = 0; i < batch; ++i) {
            sum += decide(flows[next]).rule;
            next = (next + 1) % flow_count;
        }
        count += batch;
        taken = now_ns() - start;
    } while (taken < round_ns);
    return taken / static_cast<double>(count);
}

struct Figure {
    double median;
    double quietest;
};

Figure figure(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values.front()};
}

const char* name(Mix mix) {
    switch (mix) {
        case Mix::ipv4: return "an IPv4 network each";
        case Mix::ipv6: return "an IPv6 network each";
        case Mix::ports: return "a port each, no network";
        case Mix::programs: return "IPv4 networks, all but two for other programs";
        case Mix::excepts: return "neither network nor port, none matches";
    }
    return "";
}
const char* name(Hit hit) {
    return hit == Hit::first ? "first" : hit == Hit::last ? "last" : hit == Hit::any ? "any" : "none";
}

}  // namespace

int main() {
    const struct {
        Mix mix;
        std::vector<std::size_t> counts;
        std::vector<Hit> hits;
    } table[] = {
        {Mix::ipv4, {0}, {Hit::none}},
        {Mix::ipv4, {1, 10, 100, 1000, 10000}, {Hit::first, Hit::last, Hit::any, Hit::none}},
        {Mix::ipv6, {1, 1000, 10000}, {Hit::last, Hit::any, Hit::none}},
        {Mix::ports, {1, 1000, 10000}, {Hit::last, Hit::any, Hit::none}},
        {Mix::programs, {1000, 10000}, {Hit::last, Hit::none}},
        {Mix::excepts, {1, 10, 100, 1000}, {Hit::none}},
    };
    std::vector<Scenario> scenarios;
    for (const auto& row : table) {
        for (const std::size_t count : row.counts) {
            for (const Hit hit : row.hits) scenarios.push_back(make(row.mix, count, hit));
        }
    }

    const Route route{12, IpAddress::v4(10, 8, 0, 2)};
    // A benchmark of two different things would be none.
    for (const Scenario& s : scenarios) {
        for (const Flow& flow : s.flows) {
            const Decision plain = decide(s.policy, process, Protocol::tcp, flow.destination, flow.port, route);
            const Decision indexed = s.index.decide(s.policy, Protocol::tcp, flow.destination, flow.port, route);
            if (plain.rule == indexed.rule && (plain.rule >= 0) == (s.hit != Hit::none)) continue;
            std::fprintf(stderr, "%zu rules, %s: rule %d one by one, %d indexed\n", s.rules, name(s.mix), plain.rule,
                         indexed.rule);
            return 1;
        }
    }

    std::int64_t sums[2] = {};
    for (std::size_t round = 0; round < rounds; ++round) {
        for (Scenario& s : scenarios) {
            // Reading the clock takes about as long as ten decisions, a batch should not take longer than a round.
            const std::size_t batch = s.rules < 100 || s.hit == Hit::first ? 64 : s.rules < 1000 ? 16 : 4;
            s.plain.push_back(one_round(s.flows, batch, sums[0], [&](const Flow& flow) {
                return decide(s.policy, process, Protocol::tcp, flow.destination, flow.port, route);
            }));
            s.indexed.push_back(one_round(s.flows, 64, sums[1], [&](const Flow& flow) {
                return s.index.decide(s.policy, Protocol::tcp, flow.destination, flow.port, route);
            }));
        }
    }

    std::printf("ns of CPU time per decision: median of %zu rounds of 1 ms (the quietest round)\n\n", rounds);
    std::printf("| rules | of what kind | that match | one by one | indexed | index, bytes | made in, µs |\n");
    std::printf("|---:|---|---|---:|---:|---:|---:|\n");
    for (const Scenario& s : scenarios) {
        const Figure plain = figure(s.plain);
        const Figure indexed = figure(s.indexed);
        std::printf("| %zu | %s | %s | %.0f (%.0f) | %.0f (%.0f) | %zu | %.0f |\n", s.rules,
                    s.rules == 0 ? "" : name(s.mix), name(s.hit), plain.median, plain.quietest, indexed.median,
                    indexed.quietest, s.index.memory(), s.build_us);
    }
    [[maybe_unused]] static volatile std::int64_t sink = 0;
    sink = sums[0] + sums[1];
    return 0;
}
