// Best routes by destination, remembered for a moment (design §6).
#pragma once

#include "../core/decide.hpp"

namespace lsp::provider {

// How long a route is taken for granted, if no change is told.
inline constexpr std::uint32_t route_lifetime_ms = 1000;

// The best route to an unmapped destination; interface_index 0 if there is none. From the cache if it was asked within
// that time and no route or address changed since. `now`: system::milliseconds; `asked_at` becomes that of the look-up.
Route cached_route(const IpAddress& destination, std::uint32_t now, std::uint32_t& asked_at) noexcept;

}  // namespace lsp::provider
