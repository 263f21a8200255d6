// The system's tick counter as it lies in every process's memory, for what must cost next to nothing.
#pragma once

#include <cstdint>

namespace lsp::system {

namespace shared_user_data {
// KUSER_SHARED_DATA (ntddk.h): mapped read-only at this address since NT 3.51, with TickCount at this place since
// Server 2003 and XP x64. Before that it is a constant zero, so that nothing ever becomes due.
inline constexpr std::uintptr_t address = 0x7ffe0000;
inline const volatile std::uint32_t& multiplier() noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address + 0x4);
}
inline const volatile std::uint32_t& tick_count() noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address + 0x320);
}
}  // namespace shared_user_data

// Ticks of the system's clock interrupt, some 15.6 ms each on Windows, a millisecond on Wine. Wraps.
inline std::uint32_t coarse_ticks() noexcept { return shared_user_data::tick_count(); }

// How many of them are at least so many milliseconds, 65 000 at most.
inline std::uint32_t coarse_ticks_of(std::uint32_t milliseconds) noexcept {
    const std::uint32_t per_tick = shared_user_data::multiplier();  // milliseconds in units of 2^-24
    return per_tick == 0 ? 1 : static_cast<std::uint32_t>((std::uint64_t{milliseconds} << 24U) / per_tick) + 1;
}

}  // namespace lsp::system
