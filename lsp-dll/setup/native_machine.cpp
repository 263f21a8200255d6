#include "native_machine.hpp"

#include "../system/system_function.hpp"

namespace lsp::setup {
namespace {

// An emulated x64 process is none of WOW64; what Windows itself is, it is told all the same.
constinit SystemFunction<BOOL WINAPI(HANDLE, USHORT*, USHORT*)> is_wow64_process2{SystemLibrary::kernel32,
                                                                                  "IsWow64Process2"};

}  // namespace

std::uint16_t native_machine() noexcept {
    USHORT process = 0, machine = 0;
    const auto function = is_wow64_process2.get();
    if (function == nullptr || !function(GetCurrentProcess(), &process, &machine)) return 0;
    return machine;
}

Outcome check_machine(std::uint16_t machine) {
    if (machine != machine_arm64) return Done{};
    return own_error("ERR_UNSUPPORTED_PLATFORM",
                     "Cannot install the provider: this Windows is for ARM64, whose own programs cannot load a DLL for "
                     "x64 and would lose the network. There is no DLL for ARM64.");
}

}  // namespace lsp::setup
