// The system's tick counter as it lies in every process's memory, for what must cost next to nothing.
#pragma once

#include <windows.h>

#include <cstdint>

namespace lsp::system {

namespace shared_user_data {
// KUSER_SHARED_DATA (ntddk.h): mapped read-only at this address since NT 3.51, with TickCount at this place since
// Server 2003 and XP x64. Before that it is a constant zero.
inline constexpr std::uintptr_t address = 0x7ffe0000;
inline const volatile std::uint32_t& multiplier() noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address + 0x4);
}
inline const volatile std::uint32_t& tick_count() noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address + 0x320);
}
inline const volatile std::uint32_t& tick_count_high() noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address + 0x324);
}
}  // namespace shared_user_data

// GetTickCount without a call: the same milliseconds, from the same place.
inline std::uint32_t milliseconds() noexcept {
    const std::uint32_t ticks = shared_user_data::tick_count();
    if (ticks == 0) return GetTickCount();
    const std::uint64_t per_tick = shared_user_data::multiplier();
    return static_cast<std::uint32_t>(ticks * per_tick >> 24U) +
           static_cast<std::uint32_t>(shared_user_data::tick_count_high() * per_tick << 8U);
}

// Ticks of the system's clock interrupt, some 15.6 ms each on Windows, a millisecond on Wine. Wraps;
// where there is none nothing ever becomes due.
inline std::uint32_t coarse_ticks() noexcept { return shared_user_data::tick_count(); }

// How many of them are at least so many milliseconds, 65 000 at most.
inline std::uint32_t coarse_ticks_of(std::uint32_t milliseconds) noexcept {
    const std::uint32_t per_tick = shared_user_data::multiplier();  // milliseconds in units of 2^-24
    return per_tick == 0 ? 1 : static_cast<std::uint32_t>((std::uint64_t{milliseconds} << 24U) / per_tick) + 1;
}

}  // namespace lsp::system
