#include "connections.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "policy_index.hpp"
#include "readable.hpp"
#include "rule_match.hpp"

namespace lsp {
namespace {

// The parts of a second in which the provider's record and the system's time of the socket may lie apart. Before: a
// decision is not told again within a second (provider/flow.cpp). After: between the bind and the record there is
// nothing to wait for.
constexpr std::uint64_t second = 10'000'000;  // of a FILETIME
constexpr std::uint64_t before_creation = 2 * second;
constexpr std::uint64_t after_creation = second;
constexpr std::uint64_t millisecond = second / 1000;

using AddressKey = std::tuple<Family, std::array<std::uint8_t, 16>>;
AddressKey key_of(const IpAddress& address) { return {address.family, address.bytes}; }

using FlowKey = std::tuple<std::uint32_t, AddressKey, std::uint16_t>;

bool is_led(const RecordedDecision& decision) {
    return decision.verdict == Verdict::socks5 && decision.result == DecisionResult::carried_out;
}

// By what the system's table has as the connection's other end: of one that was led, the proxy.
FlowKey key_of(const RecordedDecision& decision) {
    if (is_led(decision)) return {decision.process_id, key_of(decision.proxy.unmapped()), decision.proxy_port};
    return {decision.process_id, key_of(decision.destination), decision.port};
}
FlowKey key_of(const Connection& connection) {
    return {connection.process_id, key_of(connection.remote.unmapped()), connection.remote_port};
}

bool is_same_decision(const RecordedDecision& a, const RecordedDecision& b) {
    return a.verdict == b.verdict && a.reason == b.reason && a.rule == b.rule && a.policy_stamp == b.policy_stamp &&
           a.source == b.source && a.result == b.result && a.destination == b.destination && a.port == b.port;
}

// The name as a record of that program has it.
std::string recorded_name(const Program& program) {
    ImageName image = {};
    copy_image_name(program.path.empty() ? program.name : program.path, image);
    return readable_image(image);
}

// What a rule's `app` is compared with; none if a rule needs the path and the system does not tell it.
class ProgramNames {
  public:
    explicit ProgramNames(const Policy& policy) {
        for (const Rule& rule : policy.rules) {
            const std::string_view app(rule.app);
            needs_path_ = needs_path_ || app.find_first_of("\\/") != std::string_view::npos;
            needs_name_ = needs_name_ || !app.empty();
        }
    }
    std::optional<std::string> of(const Program* program) const {
        if (!needs_name_) return std::string();
        if (program == nullptr) return std::nullopt;
        if (!program->path.empty()) return program->path;
        if (needs_path_ || program->name.empty()) return std::nullopt;
        return program->name;
    }

  private:
    bool needs_path_ = false;
    bool needs_name_ = false;
};

class Join {
  public:
    explicit Join(const ConnectionSources& sources) : sources_(sources) {
        for (const RecordedDecision& decision : sources.decisions) {
            if (decision.protocol == Protocol::tcp) decisions_.push_back(&decision);
        }
        std::sort(decisions_.begin(), decisions_.end(), [](const RecordedDecision* a, const RecordedDecision* b) {
            // That a connection was led is told with its local port, and so surer than what else went to that place.
            return std::tuple(key_of(*a), !is_led(*a), a->time) < std::tuple(key_of(*b), !is_led(*b), b->time);
        });
        for (const Program& program : sources.programs) programs_.emplace(program.process.process_id, &program);
        for (const LocalAddress& each : sources.addresses) addresses_.emplace(key_of(each.address), each);
        for (const Connection& each : sources.table) {
            if (each.state == TcpState::listen) listened_.emplace(each.local_port, key_of(each.local.unmapped()));
        }
        if (sources.policy != nullptr) names_.emplace(*sources.policy);
    }

    JoinedConnection join(const Connection& connection) {
        JoinedConnection joined;
        joined.connection = connection;
        joined.program = program_of(connection);
        joined.interface_index = interface_of(connection);
        if (!connection.remote) return joined;
        joined.incoming = is_incoming(connection);
        if (joined.incoming) return joined;
        find_told(joined);
        find_says(joined);
        joined.standing = standing_of(joined);
        return joined;
    }

  private:
    const Program* program_of(const Connection& connection) const {
        const auto found = programs_.find(connection.process_id);
        if (connection.process_id == 0 || found == programs_.end()) return nullptr;
        // The id went to a process that came after the connection.
        const std::uint64_t started = found->second->process.started;
        if (connection.created != 0 && started > connection.created + second) return nullptr;
        return found->second;
    }

    std::uint32_t interface_of(const Connection& connection) const {
        const auto [first, last] = addresses_.equal_range(key_of(connection.local.unmapped()));
        if (first == last) return 0;
        for (auto each = first; each != last; ++each) {
            if (each->second.interface_index == connection.scope) return connection.scope;
        }
        // Link-local addresses of two interfaces may be the same.
        return std::next(first) == last ? first->second.interface_index : 0;
    }

    bool is_incoming(const Connection& connection) const {
        const IpAddress local = connection.local.unmapped();
        static const IpAddress any4 = IpAddress::v4(0, 0, 0, 0);
        constexpr std::uint8_t zeros[16] = {};
        static const IpAddress any6 = IpAddress::v6(zeros);
        for (const IpAddress& address : {local, any4, any6}) {
            if (listened_.contains({connection.local_port, key_of(address)})) return true;
        }
        return false;
    }

    // Whether the record can be of that connection, which stands.
    bool fits(const RecordedDecision& decision, const JoinedConnection& joined) const {
        if (decision.time < joined.program->process.started) return false;  // of an earlier process with that id
        if (decision.incoming || decision.verdict == Verdict::refuse ||
            decision.result == DecisionResult::otherwise_refuse || decision.result == DecisionResult::failed) {
            return false;  // no connection came of that
        }
        const bool carried_out = decision.result == DecisionResult::carried_out;
        if (is_led(decision) &&
            (decision.handshake != HandshakeOutcome::led || decision.local_port != joined.connection.local_port)) {
            return false;
        }
        const bool has_source = decision.verdict == Verdict::source || decision.verdict == Verdict::through;
        if (has_source && carried_out && decision.source != joined.connection.local.unmapped()) {
            return false;
        }
        return decision.image == recorded_name(*joined.program) && could_decide(decision, joined);
    }

    // False for a rule of the policy as it is that does not match such a connection.
    bool could_decide(const RecordedDecision& decision, const JoinedConnection& joined) const {
        if (sources_.policy == nullptr || decision.rule < 0 || decision.policy_stamp != sources_.stamp) return true;
        const auto number = static_cast<std::size_t>(decision.rule);
        if (number >= sources_.policy->rules.size()) return false;
        const Rule& rule = sources_.policy->rules[number];
        const Program& program = *joined.program;
        const std::string& name = program.path.empty() ? program.name : program.path;
        const bool by_path = std::string_view(rule.app).find_first_of("\\/") != std::string_view::npos;
        const bool app = (by_path && program.path.empty()) || matches_app(rule.app, name);
        const IpAddress& destination = decision.destination;
        // Of the route nothing is known any more.
        return app && matches_destination(rule, destination) && matches_port(rule, decision.port) &&
               std::none_of(rule.except.begin(), rule.except.end(),
                            [&](const Prefix& p) { return p.contains(destination); }) &&
               (rule.protocol == Protocol::any || rule.protocol == Protocol::tcp) &&
               (decision.verdict == Verdict::keep || decision.verdict == rule.verdict);
    }

    void find_told(JoinedConnection& joined) const {
        const Connection& connection = joined.connection;
        if (joined.program == nullptr || joined.program->process.started == 0) return;
        const FlowKey key = key_of(connection);
        const auto first =
            std::lower_bound(decisions_.begin(), decisions_.end(), key,
                             [](const RecordedDecision* a, const FlowKey& wanted) { return key_of(*a) < wanted; });
        const RecordedDecision* found = nullptr;
        for (auto each = first; each != decisions_.end() && key_of(**each) == key; ++each) {
            const RecordedDecision& decision = **each;
            // One that was led is told of at the end of its handshake.
            const std::uint64_t handshake = is_led(decision) ? decision.handshake_ms * millisecond : 0;
            if (connection.created != 0 && (decision.time + before_creation < connection.created ||
                                            decision.time > connection.created + after_creation + handshake)) {
                continue;
            }
            if (!fits(decision, joined)) continue;
            if (found != nullptr && is_led(*found) && !is_led(decision)) break;
            if (found != nullptr && !is_same_decision(*found, decision)) return;  // whose it was cannot be told
            found = &decision;
        }
        joined.told = found;
        joined.led = found != nullptr && is_led(*found);
        joined.certain = found != nullptr && connection.created != 0;
    }

    void find_says(JoinedConnection& joined) {
        if (!names_) return;
        const std::optional<std::string> name = names_->of(joined.program);
        if (!name) return;
        const auto found = indices_.try_emplace(*name, *sources_.policy, *name).first;
        const PolicyIndex& index = found->second;
        const IpAddress destination = joined.led ? joined.told->destination : joined.connection.remote.unmapped();
        const std::uint16_t port = joined.led ? joined.told->port : joined.connection.remote_port;
        const Route route = index.needs_route() ? route_to(destination) : Route{};
        joined.says = index.decide(*sources_.policy, Protocol::tcp, destination, port, route);
    }

    Route route_to(const IpAddress& remote) {
        const auto [place, is_new] = routes_.try_emplace(key_of(remote));
        if (is_new && sources_.route) place->second = sources_.route(remote);
        return place->second;
    }

    Standing standing_of(const JoinedConnection& joined) const {
        if (!joined.says) return Standing::unknown;
        const Decision& says = *joined.says;
        if (joined.told != nullptr) {
            const RecordedDecision& told = *joined.told;
            const bool same_rule = told.policy_stamp != sources_.stamp || told.rule == says.rule;
            const bool same_way = told.verdict != Verdict::socks5
                                      ? told.source == says.source
                                      : told.proxy == says.source && told.proxy_port == says.proxy_port;
            const bool same = told.verdict == says.verdict && same_way;
            return same && same_rule ? Standing::current : Standing::stale;
        }
        if (says.verdict == Verdict::refuse) return Standing::stale;
        if (says.verdict == Verdict::source || says.verdict == Verdict::through) {
            return says.source == joined.connection.local.unmapped() ? Standing::current : Standing::stale;
        }
        // Left alone now. What an older policy did with it is not known, unless no policy does anything with it.
        return says.rule < 0 && says.reason != Reason::no_rule ? Standing::current : Standing::unknown;
    }

    const ConnectionSources& sources_;
    std::vector<const RecordedDecision*> decisions_;  // by flow, then by time
    std::map<std::uint32_t, const Program*> programs_;
    std::multimap<AddressKey, LocalAddress> addresses_;
    std::set<std::pair<std::uint16_t, AddressKey>> listened_;
    std::optional<ProgramNames> names_;
    std::map<std::string, PolicyIndex> indices_;
    std::map<AddressKey, Route> routes_;
};

}  // namespace

const char* to_string(TcpState state) noexcept {
    switch (state) {
        case TcpState::none: return "none";
        case TcpState::closed: return "closed";
        case TcpState::listen: return "listen";
        case TcpState::syn_sent: return "syn_sent";
        case TcpState::syn_received: return "syn_received";
        case TcpState::established: return "established";
        case TcpState::fin_wait_1: return "fin_wait_1";
        case TcpState::fin_wait_2: return "fin_wait_2";
        case TcpState::close_wait: return "close_wait";
        case TcpState::closing: return "closing";
        case TcpState::last_ack: return "last_ack";
        case TcpState::time_wait: return "time_wait";
        case TcpState::delete_tcb: return "delete_tcb";
    }
    return "unknown";
}

const char* to_string(Standing standing) noexcept {
    switch (standing) {
        case Standing::unknown: return "unknown";
        case Standing::current: return "current";
        case Standing::stale: return "stale";
    }
    return "unknown";
}

std::vector<JoinedConnection> join_connections(const ConnectionSources& sources) {
    Join join(sources);
    std::vector<JoinedConnection> joined;
    joined.reserve(sources.table.size());
    for (const Connection& connection : sources.table) joined.push_back(join.join(connection));
    return joined;
}

}  // namespace lsp
