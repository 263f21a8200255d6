// Changes of this host's routes and addresses, as far as the system tells them.
#pragma once

#include <cstdint>

namespace lsp::provider {

// Asks the system, once in the life of the process, to tell of changes (NotifyRouteChange2,
// NotifyUnicastIpAddressChange; Vista). True if it was asked just now. Cheap afterwards.
bool watch_network() noexcept;

// Advances with a change of an address; the generation does with one of a route, too. Any thread.
std::uint32_t address_changes() noexcept;

// How old what was asked of the host's addresses may become without a change being told: a second where the system does
// not tell; where it does, long, and only for what is no address (an interface that gets another name).
std::uint32_t address_lifetime_ms() noexcept;

}  // namespace lsp::provider
