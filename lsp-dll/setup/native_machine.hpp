// Private to setup: what processor Windows itself is made for, whatever this process is.
#pragma once

#include <cstdint>

#include "../system/error.hpp"

namespace lsp::setup {

using namespace system;

inline constexpr std::uint16_t machine_arm64 = 0xAA64;  // IMAGE_FILE_MACHINE_ARM64

// IMAGE_FILE_MACHINE_…; 0 where Windows does not tell (before Windows 10 1511, which ran on x64 and ia32 only).
std::uint16_t native_machine() noexcept;

// ERR_UNSUPPORTED_PLATFORM on Windows for ARM64: its own programs share the 64-bit catalog with emulated x64 ones and
// cannot load an x64 DLL, so none of them could open a socket.
Outcome check_machine(std::uint16_t machine);

}  // namespace lsp::setup
