// Live connections, joined with what was told of their decisions: what is claimed of a connection, and what is not.
#include "core/connections.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "support.hpp"

using namespace lsp;
using support::address;

namespace {

constexpr std::uint64_t second = 10'000'000;
constexpr std::uint64_t noon = 133'000'000'000'000'000;
constexpr std::uint32_t curl = 100;
constexpr std::uint32_t stamp = 7;

Policy policy_of(std::initializer_list<const char*> lines) {
    Vector<Rule> rules;
    for (const char* line : lines) rules.push_back(support::rule(line));
    return build_policy(std::move(rules), {});
}

Connection connection_to(const char* remote, std::uint16_t port, std::uint64_t created = noon) {
    Connection connection;
    connection.state = TcpState::established;
    connection.local = address("11.22.33.44");
    connection.local_port = 50'000;
    connection.remote = address(remote);
    connection.remote_port = port;
    connection.process_id = curl;
    connection.created = created;
    return connection;
}

RecordedDecision decision_about(const char* destination, std::uint16_t port, std::int32_t rule,
                                std::uint64_t time = noon) {
    RecordedDecision decision;
    decision.time = time;
    decision.process_id = curl;
    decision.image = "curl.exe";
    decision.protocol = Protocol::tcp;
    decision.destination = address(destination);
    decision.port = port;
    decision.rule = rule;
    decision.reason = rule < 0 ? Reason::no_rule : Reason::rule;
    decision.policy_stamp = stamp;
    return decision;
}

// curl.exe with one connection to 1.2.3.4:443, made at noon; its rule is the first.
struct Situation {
    Policy policy = policy_of({"to 1.2.3.0/24 source 11.22.33.44", "app telnet.exe keep", "to 9.9.9.9 refuse"});
    ConnectionSources sources;

    Situation() {
        sources.table = {connection_to("1.2.3.4", 443)};
        sources.programs = {{{curl, noon - 100 * second}, "curl.exe", "C:\\Windows\\curl.exe"}};
        sources.addresses = {{address("11.22.33.44"), 12}};
        sources.decisions = {decision_about("1.2.3.4", 443, 0)};
        sources.decisions[0].verdict = Verdict::source;
        sources.decisions[0].source = address("11.22.33.44");
        sources.policy = &policy;
        sources.stamp = stamp;
        sources.route = [](const IpAddress&) { return Route{}; };
    }
    Situation(const Situation&) = delete;

    Connection& connection() { return sources.table[0]; }
    RecordedDecision& decision() { return sources.decisions[0]; }
    JoinedConnection join() const { return join_connections(sources).at(0); }
};

}  // namespace

TEST_CASE("a connection has its program, its interface, the decision that was told of it, and what the policy says") {
    const Situation situation;
    const JoinedConnection joined = situation.join();
    REQUIRE(joined.program != nullptr);
    CHECK(joined.program->name == "curl.exe");
    CHECK(joined.interface_index == 12);
    CHECK_FALSE(joined.incoming);
    REQUIRE(joined.told == &situation.sources.decisions[0]);
    CHECK(joined.certain);
    REQUIRE(joined.says);
    CHECK(joined.says->rule == 0);
    CHECK(joined.standing == Standing::current);
}

TEST_CASE("no decision is claimed of a connection that was told of another") {
    struct {
        const char* what;
        void (*change)(Situation&);
    } const situations[] = {
        {"another process", [](Situation& s) { s.decision().process_id = 104; }},
        {"another program's name", [](Situation& s) { s.decision().image = "telnet.exe"; }},
        {"a process that had the id before",
         [](Situation& s) { s.decision().time = s.sources.programs[0].process.started - 1; }},
        {"a program whose start is not known", [](Situation& s) { s.sources.programs[0].process.started = 0; }},
        {"no program", [](Situation& s) { s.sources.programs.clear(); }},
        {"a connection of a process that had the id before",
         [](Situation& s) { s.sources.programs[0].process.started = noon + 2 * second; }},
        {"another port", [](Situation& s) { s.decision().port = 80; }},
        {"another destination", [](Situation& s) { s.decision().destination = address("1.2.3.5"); }},
        {"a datagram", [](Situation& s) { s.decision().protocol = Protocol::udp; }},
        {"an earlier connection", [](Situation& s) { s.decision().time = noon - 3 * second; }},
        {"a later connection", [](Situation& s) { s.decision().time = noon + 2 * second; }},
        {"another source", [](Situation& s) { s.decision().source = address("11.22.33.45"); }},
        {"a connect that was refused", [](Situation& s) { s.decision().verdict = Verdict::refuse; }},
        {"a connect that failed", [](Situation& s) { s.decision().result = DecisionResult::failed; }},
        {"a source that was missing, and a refusal",
         [](Situation& s) { s.decision().result = DecisionResult::otherwise_refuse; }},
        {"a rule that does not exist", [](Situation& s) { s.decision().rule = 3; }},
        {"a rule for another program", [](Situation& s) { s.decision().rule = 1; }},
        {"a rule for another destination", [](Situation& s) { s.decision().rule = 2; }},
        {"two decisions that differ",
         [](Situation& s) {
             s.sources.decisions.push_back(s.decision());
             s.sources.decisions[1].policy_stamp = 8;
         }},
    };
    for (const auto& [what, change] : situations) {
        CAPTURE(what);
        Situation situation;
        change(situation);
        CHECK(situation.join().told == nullptr);
    }
}

namespace {

// curl.exe was led to 1.2.3.4:443 by the proxy at 10.0.0.9:1080, which took 5 s; the table has the proxy.
struct LedSituation : Situation {
    LedSituation() {
        policy = policy_of({"to 1.2.3.0/24 socks5 10.0.0.9:1080", "app telnet.exe keep", "to 9.9.9.9 refuse"});
        connection() = connection_to("10.0.0.9", 1080);
        decision().verdict = Verdict::socks5;
        decision().source = IpAddress{};
        decision().proxy = address("10.0.0.9");
        decision().proxy_port = 1080;
        decision().handshake = HandshakeOutcome::led;
        decision().handshake_ms = 5000;
        decision().time = noon + 5 * second;
        decision().local_port = 50'000;
    }
};

}  // namespace

TEST_CASE("a connection that was led has its real destination, by its local port, and is judged by it") {
    const LedSituation situation;
    const JoinedConnection joined = situation.join();
    REQUIRE(joined.told == &situation.sources.decisions[0]);
    CHECK(joined.led);
    CHECK(joined.certain);
    REQUIRE(joined.says);
    CHECK(joined.says->rule == 0);
    CHECK(joined.standing == Standing::current);
}

TEST_CASE("so has one of a dual-stack socket, as Java's are: the table has its ends as mapped addresses") {
    LedSituation situation;
    situation.connection().local = address("::ffff:11.22.33.44");
    situation.connection().remote = address("::ffff:10.0.0.9");
    const JoinedConnection joined = situation.join();
    CHECK(joined.led);
    CHECK(joined.interface_index == 12);
    CHECK(joined.standing == Standing::current);
}

TEST_CASE("a connection to a proxy is called led only where that was told of it") {
    struct {
        const char* what;
        void (*change)(LedSituation&);
    } const situations[] = {
        {"another local port", [](LedSituation& s) { s.decision().local_port = 50'001; }},
        {"a local port that is not known", [](LedSituation& s) { s.decision().local_port = 0; }},
        {"another proxy", [](LedSituation& s) { s.decision().proxy = address("10.0.0.8"); }},
        {"another port of the proxy's", [](LedSituation& s) { s.decision().proxy_port = 1081; }},
        {"a handshake that failed",
         [](LedSituation& s) { s.decision().handshake = HandshakeOutcome::request_refused; }},
        {"another process", [](LedSituation& s) { s.decision().process_id = 104; }},
        {"an earlier connection with that local port", [](LedSituation& s) { s.decision().time = noon - 3 * second; }},
        {"a later connection with that local port", [](LedSituation& s) { s.decision().time = noon + 7 * second; }},
        {"a rule that leads nothing there", [](LedSituation& s) { s.decision().destination = address("5.6.7.8"); }},
        {"two destinations at once",
         [](LedSituation& s) {
             s.sources.decisions.push_back(s.decision());
             s.sources.decisions[1].destination = address("1.2.3.5");
         }},
    };
    for (const auto& [what, change] : situations) {
        CAPTURE(what);
        LedSituation situation;
        change(situation);
        const JoinedConnection joined = situation.join();
        CHECK(joined.told == nullptr);
        CHECK_FALSE(joined.led);
    }
}

TEST_CASE("what a program says to the proxy itself does not hide that another connection was led") {
    LedSituation situation;
    situation.sources.table.push_back(situation.connection());
    situation.sources.table[1].local_port = 50'001;
    situation.sources.decisions.push_back(decision_about("10.0.0.9", 1080, -1));
    const auto joined = join_connections(situation.sources);
    CHECK(joined[0].led);
    CHECK_FALSE(joined[1].led);
    CHECK(joined[1].told == &situation.sources.decisions[1]);
}

TEST_CASE("a connection that was led is stale once its destination is led elsewhere, or nowhere") {
    for (const char* const rule :
         {"to 1.2.3.0/24 socks5 10.0.0.9:1081", "to 1.2.3.0/24 keep", "to 1.2.3.0/24 refuse"}) {
        CAPTURE(rule);
        LedSituation situation;
        situation.policy = policy_of({rule});
        situation.sources.stamp = stamp + 1;
        const JoinedConnection joined = situation.join();
        CHECK(joined.led);
        CHECK(joined.standing == Standing::stale);
    }
}

TEST_CASE("where the system does not tell when a connection was made, what is on record is not certain") {
    Situation situation;
    situation.connection().created = 0;
    situation.decision().time = noon + 500 * second;
    const JoinedConnection joined = situation.join();
    CHECK(joined.told == &situation.sources.decisions[0]);
    CHECK_FALSE(joined.certain);
}

TEST_CASE("a decision of the second before is a connection's, for it is told once a second") {
    Situation situation;
    situation.decision().time = noon - second;
    CHECK(situation.join().certain);
}

TEST_CASE("what the policy says now of a connection that was made another way") {
    struct {
        const char* what;
        void (*change)(Situation&);
        Standing standing;
    } const situations[] = {
        {"the same", [](Situation&) {}, Standing::current},
        {"the same, by a policy that was written anew", [](Situation& s) { s.decision().policy_stamp = 8; },
         Standing::current},
        {"another source",
         [](Situation& s) {
             s.policy = policy_of({"to 1.2.3.0/24 source 5.6.7.8"});
             s.sources.stamp = 8;
         },
         Standing::stale},
        {"nothing", [](Situation& s) { s.policy = policy_of({}), s.sources.stamp = 8; }, Standing::stale},
        {"refuse", [](Situation& s) { s.policy = policy_of({"refuse"}), s.sources.stamp = 8; }, Standing::stale},
        {"nothing was told, and it has the source", [](Situation& s) { s.sources.decisions.clear(); },
         Standing::current},
        {"nothing was told, and it has another",
         [](Situation& s) {
             s.sources.decisions.clear();
             s.connection().local = address("10.8.0.2");
         },
         Standing::stale},
        {"nothing was told, and it is left alone",
         [](Situation& s) {
             s.sources.decisions.clear();
             s.policy = policy_of({"keep"});
         },
         Standing::unknown},
        {"loopback",
         [](Situation& s) {
             s.sources.decisions.clear();
             s.connection().remote = address("127.0.0.1");
         },
         Standing::current},
        {"the policy cannot be read", [](Situation& s) { s.sources.policy = nullptr; }, Standing::unknown},
    };
    for (const auto& [what, change, standing] : situations) {
        CAPTURE(what);
        Situation situation;
        change(situation);
        CHECK(to_string(situation.join().standing) == std::string(to_string(standing)));
    }
}

TEST_CASE("a connection that was accepted has no decision, and the policy says nothing of it") {
    for (const char* listening : {"0.0.0.0", "::", "11.22.33.44", "::ffff:11.22.33.44"}) {
        CAPTURE(listening);
        Situation situation;
        Connection listener;
        listener.state = TcpState::listen;
        listener.local = address(listening);
        listener.local_port = 50'000;
        situation.sources.table.push_back(listener);
        const JoinedConnection joined = situation.join();
        CHECK(joined.incoming);
        CHECK(joined.told == nullptr);
        CHECK_FALSE(joined.says);
        CHECK(joined.standing == Standing::unknown);
    }
    Situation situation;
    Connection elsewhere;
    elsewhere.state = TcpState::listen;
    elsewhere.local = address("127.0.0.1");
    elsewhere.local_port = 50'000;
    situation.sources.table.push_back(elsewhere);
    CHECK_FALSE(situation.join().incoming);
}

TEST_CASE("the policy says nothing where a rule asks for a path that the system does not tell") {
    Situation situation;
    situation.sources.programs[0].path.clear();
    CHECK(situation.join().says);  // rules by name, or for all
    situation.policy = policy_of({"app C:\\Windows\\curl.exe refuse"});
    CHECK_FALSE(situation.join().says);
    CHECK(situation.join().standing == Standing::unknown);
    situation.sources.programs.clear();
    situation.policy = policy_of({"app curl.exe refuse"});
    CHECK_FALSE(situation.join().says);
    situation.policy = policy_of({"refuse"});
    CHECK(situation.join().says);
}

TEST_CASE("a mapped address is the IPv4 address") {
    Situation situation;
    situation.connection().local = situation.connection().local.mapped();
    situation.connection().remote = situation.connection().remote.mapped();
    const JoinedConnection joined = situation.join();
    CHECK(joined.certain);
    CHECK(joined.interface_index == 12);
    CHECK(joined.says->rule == 0);
}

TEST_CASE("an address that two interfaces have is the one's that the scope names, or nobody's") {
    Situation situation;
    situation.sources.addresses = {{address("fe80::1"), 12}, {address("fe80::1"), 13}};
    situation.connection().local = address("fe80::1");
    CHECK(situation.join().interface_index == 0);
    situation.connection().scope = 13;
    CHECK(situation.join().interface_index == 13);
}

TEST_CASE("each destination's route is asked for once, and none if no rule asks") {
    Situation situation;
    situation.policy = policy_of({"via 12 source 11.22.33.44"});
    int asked = 0;
    situation.sources.route = [&](const IpAddress&) {
        ++asked;
        return Route{12, address("10.8.0.2")};
    };
    situation.sources.table = {connection_to("1.2.3.4", 443), connection_to("1.2.3.4", 80),
                               connection_to("4.3.2.1", 80)};
    for (const JoinedConnection& joined : join_connections(situation.sources)) CHECK(joined.says->rule == 0);
    CHECK(asked == 2);
    situation.policy = policy_of({"source 11.22.33.44"});
    join_connections(situation.sources);
    CHECK(asked == 2);
}

// A bound for this build, with sanitizers and on a busy machine; what it takes without them is in docs/connections.md.
TEST_CASE(
    "10 000 connections of 200 programs, 4096 decisions and 1000 rules are joined without comparing all with all") {
    Situation situation;
    Vector<Rule> rules;
    for (unsigned i = 0; i < 1000; ++i) {
        rules.push_back(support::rule("to 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                                      ".0/24 source 11.22.33.44"));
    }
    situation.policy = build_policy(std::move(rules), {});
    ConnectionSources& sources = situation.sources;
    sources.table.clear();
    sources.programs.clear();
    sources.decisions.clear();
    for (std::uint32_t i = 1; i <= 200; ++i) {
        const std::string name = "program" + std::to_string(i) + ".exe";
        sources.programs.push_back({{4 * i, noon - second}, name, "C:\\Program Files\\" + name});
    }
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        Connection connection = connection_to("10.0.0.1", 443);
        connection.remote.bytes[1] = static_cast<std::uint8_t>(i % 4);
        connection.remote.bytes[2] = static_cast<std::uint8_t>(i / 4 % 250);
        connection.local_port = static_cast<std::uint16_t>(1024 + i);
        connection.process_id = 4 * (i % 200 + 1);
        sources.table.push_back(connection);
        if (i >= 4096) continue;
        RecordedDecision decision =
            decision_about("10.0.0.1", 443, static_cast<std::int32_t>(i % 4 * 250 + i / 4 % 250));
        decision.destination = connection.remote;
        decision.process_id = connection.process_id;
        decision.image = "program" + std::to_string(i % 200 + 1) + ".exe";
        decision.verdict = Verdict::source;
        decision.source = address("11.22.33.44");
        sources.decisions.push_back(decision);
    }
    const auto begun = std::chrono::steady_clock::now();
    const std::vector<JoinedConnection> joined = join_connections(sources);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    MESSAGE("joined in " << taken.count() * 1000 << " ms");
    CHECK(joined.size() == 10'000);
    CHECK(std::count_if(joined.begin(), joined.end(), [](const JoinedConnection& each) { return each.certain; }) >=
          4096);
    CHECK(std::all_of(joined.begin(), joined.end(),
                      [](const JoinedConnection& each) { return each.says && each.says->rule >= 0; }));
    CHECK(taken.count() < 20);
}
