// This process's hand on the shared counters.
#pragma once

#include "../core/telemetry_layout.hpp"

namespace lsp::provider {

extern TelemetrySection telemetry;

inline void count(Counter counter) noexcept {
    telemetry.counters[static_cast<std::uint32_t>(counter)].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace lsp::provider
