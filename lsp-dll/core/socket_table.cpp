#include "socket_table.hpp"

namespace lsp {

bool SocketTable::set(std::uintptr_t handle, SocketState state) noexcept {
    auto* const word = words_.find_or_make(handle);
    if (word == nullptr) return false;
    word->store(std::bit_cast<std::uint16_t>(state), std::memory_order_release);
    return true;
}

bool SocketTable::exchange(std::uintptr_t handle, SocketState& expected, SocketState desired) noexcept {
    std::uint16_t before = std::bit_cast<std::uint16_t>(expected);
    auto* const word = before == 0 ? words_.find_or_make(handle) : words_.find(handle);
    if (word == nullptr) {
        expected = SocketState{};
        return false;
    }
    if (word->compare_exchange_strong(before, std::bit_cast<std::uint16_t>(desired), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return true;
    }
    expected = std::bit_cast<SocketState>(before);
    return false;
}

void SocketTable::forget(std::uintptr_t handle) noexcept {
    if (auto* const word = words_.find(handle)) word->store(0, std::memory_order_release);
}

}  // namespace lsp
