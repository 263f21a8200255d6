// Best routes by destination, remembered for a moment (design §6).
#pragma once

#include "../core/decide.hpp"

namespace lsp::provider {

// The best route to an unmapped destination; interface_index 0 if there is none. From the cache if it was asked within
// the last second and no route or address changed since. `now`: GetTickCount.
Route cached_route(const IpAddress& destination, std::uint32_t now) noexcept;

void forget_routes() noexcept;

}  // namespace lsp::provider
