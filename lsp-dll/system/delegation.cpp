#include "delegation.hpp"

#include <cstring>

#include "../core/memory.hpp"
#include "ip_helper.hpp"
#include "platform.hpp"

namespace lsp::system {

// More than a kilobyte: not on the stack of a thread whose size is somebody else's choice.
constexpr std::size_t bytes_of_row = sizeof(MIB_IF_ROW2);
const std::size_t bytes_of_hardware_look = bytes_of_row;

bool is_hardware(std::uint32_t interface_index) {
    const auto function = ip_helper::get_if_entry2.get();
    if (function == nullptr || !knows_hardware_interfaces()) return false;
    void* const memory = memory::allocate(bytes_of_row);
    if (memory == nullptr) return true;
    std::memset(memory, 0, bytes_of_row);
    auto* const row = static_cast<MIB_IF_ROW2*>(memory);
    row->InterfaceIndex = interface_index;
    const bool hardware = function(row) == NO_ERROR && row->InterfaceAndOperStatusFlags.HardwareInterface;
    memory::release(memory, bytes_of_row);
    return hardware;
}

}  // namespace lsp::system
