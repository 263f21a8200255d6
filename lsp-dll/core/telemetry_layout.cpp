#include "telemetry_layout.hpp"

namespace lsp {

const char* to_string(Counter counter) noexcept {
    switch (counter) {
        case Counter::startups: return "startups";
        case Counter::decided_keep: return "decided_keep";
        case Counter::decided_source: return "decided_source";
        case Counter::decided_refuse: return "decided_refuse";
        case Counter::bound_source: return "bound_source";
        case Counter::sent_from_source: return "sent_from_source";
        case Counter::source_unavailable: return "source_unavailable";
        case Counter::already_bound: return "already_bound";
        case Counter::refused: return "refused";
        case Counter::binds_deferred: return "binds_deferred";
        case Counter::binds_settled: return "binds_settled";
        case Counter::policy_loads: return "policy_loads";
        case Counter::policy_rejections: return "policy_rejections";
        case Counter::route_lookups: return "route_lookups";
        case Counter::count_: break;
    }
    return "unknown";
}

// 32-bit and 64-bit programs map the same section.
static_assert(sizeof(TelemetrySection) == 8 + 8 * counter_count && alignof(TelemetrySection) == 8);

}  // namespace lsp
