// Control data of datagrams (WSASendMsg, RFC 3542): ours, which names a datagram's source, and the program's own.
#pragma once

#include <winsock2.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "../core/address.hpp"

namespace lsp::provider {

// The control data that sends from `source` through the interface (0: any). Made once for each pair and kept for the
// life of the process, so an overlapped send may use it for as long as it takes. Null only if there is no memory.
const WSABUF* source_control_data(const IpAddress& source, std::uint32_t interface_index) noexcept;

bool has_control_data(const WSABUF& control) noexcept;

// Whether a program's control data has packet info, by which it chooses the source itself; `source` is what that names,
// unmapped, or none where it names an interface only; `interface_index` the interface, 0 where it names an address
// only.
bool has_packet_info(const WSABUF& control, IpAddress& source, std::uint32_t& interface_index) noexcept;

// A program's own control data (ECN marks, segment sizes) with ours behind it, for one send.
class MergedControlData {
  public:
    // Room for what both have together.
    static constexpr std::size_t capacity = 256;  // bytes

    // An overlapped send may read it after the call: then it lies in memory that is used again once `overlapped` tells
    // that the send has ended, and of which a process has room for 64 sends at once.
    MergedControlData(const WSABUF& own, const WSABUF& ours, const OVERLAPPED* overlapped) noexcept;
    ~MergedControlData();
    MergedControlData(const MergedControlData&) = delete;
    MergedControlData& operator=(const MergedControlData&) = delete;

    // Null if it cannot be had: the program's is too long, malformed or unreadable, or all room is taken.
    const WSABUF* get() const noexcept { return buffer_.buf != nullptr ? &buffer_ : nullptr; }
    // The send is under way.
    void keep() noexcept { pending_ = true; }

  private:
    struct Room;
    static Room* take_room(const OVERLAPPED* overlapped) noexcept;
    static std::atomic<Room*> rooms_;

    WSABUF buffer_{};
    const OVERLAPPED* overlapped_;
    Room* room_ = nullptr;
    bool pending_ = false;
    alignas(std::uint64_t) char on_stack_[capacity];
};

}  // namespace lsp::provider
