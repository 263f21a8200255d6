#include "connections.hpp"

#include <algorithm>

#include "connection_tables.hpp"
#include "decision_rings.hpp"
#include "interfaces.hpp"
#include "programs.hpp"
#include "routes.hpp"
#include "text.hpp"

namespace lsp::system {
namespace {

std::vector<std::uint32_t> owners(const std::vector<Connection>& table) {
    std::vector<std::uint32_t> ids;
    for (const Connection& connection : table) ids.push_back(connection.process_id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

}  // namespace

Result<ConnectionReport> list_connections() {
    ConnectionReport report;
    report.sources = std::make_unique<ConnectionSources>();
    ConnectionSources& sources = *report.sources;
    auto table = read_connection_tables();
    if (!table) return table.error();
    sources.table = std::move(*table);
    sources.programs = list_programs(owners(sources.table));
    for (DecisionRing& ring : read_decision_rings()) {
        std::move(ring.read.decisions.begin(), ring.read.decisions.end(), std::back_inserter(sources.decisions));
    }
    if (const auto addresses = interface_addresses()) {
        for (const InterfaceAddress& each : *addresses) {
            sources.addresses.push_back({each.address.address, each.interface_index});
            report.interfaces.emplace(each.interface_index, narrow(each.alias));
        }
    }
    if (const auto stored = read_policy()) {
        report.policy = std::make_unique<EffectivePolicy>(effective_policy(*stored));
        sources.policy = &report.policy->policy;
        sources.stamp = report.policy->stamp;
    }
    sources.route = [](const IpAddress& destination) {
        BestRoute route;
        return best_route(destination, route) == 0 ? Route{route.interface_index, route.source} : Route{};
    };
    report.connections = join_connections(sources);
    return report;
}

}  // namespace lsp::system
