#include "control_data.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "../system/winsock_constants.hpp"
#include "guarded_copy.hpp"
#include "inlining.hpp"
#include "pages.hpp"

namespace lsp::provider {

namespace {

struct PacketInfo4 {
    std::uint8_t address[4];
    std::uint32_t interface_index;
};
struct PacketInfo6 {
    std::uint8_t address[16];
    std::uint32_t interface_index;
};

struct Entry {
    enum : std::uint32_t { empty, being_written, ready };
    std::atomic<std::uint32_t> state{empty};
    std::uint32_t interface_index = 0;
    IpAddress source;
    WSABUF buffer{};
    alignas(std::uint64_t) char bytes[sizeof(WSACMSGHDR) + sizeof(PacketInfo6) + 8] = {};
};

// A list of pages that only grows: a process meets one or two pairs of source and interface, a roaming laptop's browser
// some dozens in its life.
struct Page {
    Entry entries[32];
    std::atomic<Page*> next{nullptr};
};
constinit Page first_page;

template <typename Info>
void write_entry(Entry& entry, const IpAddress& source, std::uint32_t interface_index, int level, int type) noexcept {
    Info info{};
    std::memcpy(info.address, source.bytes.data(), sizeof(info.address));
    info.interface_index = interface_index;
    WSACMSGHDR header{};
    header.cmsg_len = WSA_CMSG_LEN(sizeof(info));
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memset(entry.bytes, 0, sizeof(entry.bytes));
    std::memcpy(entry.bytes, &header, sizeof(header));
    std::memcpy(entry.bytes + WSA_CMSG_LEN(0), &info, sizeof(info));
    entry.buffer.buf = entry.bytes;
    entry.buffer.len = static_cast<ULONG>(WSA_CMSG_SPACE(sizeof(info)));
    entry.source = source;
    entry.interface_index = interface_index;
}

const WSABUF* find_or_write(Page& page, const IpAddress& source, std::uint32_t interface_index) noexcept {
    for (Entry& entry : page.entries) {
        std::uint32_t state = entry.state.load(std::memory_order_acquire);
        if (state == Entry::ready && entry.interface_index == interface_index && entry.source == source) {
            return &entry.buffer;
        }
        // One that another thread is writing may become a twin of ours; that costs an entry and nothing else.
        if (state != Entry::empty || !entry.state.compare_exchange_strong(state, Entry::being_written)) continue;
        if (source.family == Family::ipv4) {
            write_entry<PacketInfo4>(entry, source, interface_index, IPPROTO_IP, IP_PKTINFO);
        } else {
            write_entry<PacketInfo6>(entry, source, interface_index, IPPROTO_IPV6, IPV6_PKTINFO);
        }
        entry.state.store(Entry::ready, std::memory_order_release);
        return &entry.buffer;
    }
    return nullptr;
}

LSP_APART Page* next_page(Page& page) noexcept {
    Page* next = page.next.load(std::memory_order_acquire);
    if (next != nullptr) return next;
    auto* const made = static_cast<Page*>(system::allocate_pages(sizeof(Page)));  // zeroed memory is an empty page
    if (made == nullptr) return nullptr;
    if (page.next.compare_exchange_strong(next, made, std::memory_order_acq_rel)) return made;
    system::free_pages(made);
    return next;
}

}  // namespace

const WSABUF* source_control_data(const IpAddress& source, std::uint32_t interface_index) noexcept {
    for (Page* page = &first_page; page != nullptr; page = next_page(*page)) {
        if (const WSABUF* const found = find_or_write(*page, source, interface_index)) return found;
    }
    return nullptr;
}

bool has_control_data(const WSABUF& control) noexcept { return control.buf != nullptr && control.len != 0; }

namespace {

// One after another: `offset` is where the next header is and moves past its data. False at the end, at what cannot be
// read, and at a length that is none; `offset` is the control data's length then only at the end.
bool next_header(const WSABUF& control, std::size_t& offset, WSACMSGHDR& header) noexcept {
    if (offset + sizeof(header) > control.len || !guarded_read(header, control.buf + offset)) return false;
    if (header.cmsg_len < sizeof(header) || header.cmsg_len > control.len - offset) return false;
    offset += WSA_CMSGHDR_ALIGN(header.cmsg_len);
    return true;
}

template <typename Info>
void read_source(const char* data, IpAddress (*address_of)(const void*), IpAddress& source,
                 std::uint32_t& interface_index) noexcept {
    Info info{};
    const bool readable = guarded_read(info, data);
    source = readable ? address_of(info.address).unmapped() : IpAddress{};
    interface_index = readable ? info.interface_index : 0;
    if (source.is_unspecified()) source = {};
}

}  // namespace

bool has_packet_info(const WSABUF& control, IpAddress& source, std::uint32_t& interface_index) noexcept {
    interface_index = 0;
    if (!has_control_data(control)) return false;
    std::size_t offset = 0;
    WSACMSGHDR header{};
    for (std::size_t begin = 0; next_header(control, offset, header); begin = offset) {
        const char* const data = control.buf + begin + WSA_CMSG_LEN(0);
        const std::size_t length = header.cmsg_len - WSA_CMSG_LEN(0);
        if (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO) {
            source = {};
            if (length >= sizeof(PacketInfo4)) read_source<PacketInfo4>(data, &IpAddress::v4, source, interface_index);
            return true;
        }
        if (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_PKTINFO) {
            source = {};
            if (length >= sizeof(PacketInfo6)) read_source<PacketInfo6>(data, &IpAddress::v6, source, interface_index);
            return true;
        }
    }
    return false;
}

// Room for an overlapped send's control data. `owner` is its OVERLAPPED, `busy` while a thread has the room in hand,
// null when it is free.
struct MergedControlData::Room {
    std::atomic<const OVERLAPPED*> owner;
    alignas(std::uint64_t) char bytes[capacity];
};

constinit std::atomic<MergedControlData::Room*> MergedControlData::rooms_{nullptr};

namespace {

constexpr std::size_t room_count = 64;

const OVERLAPPED* busy() noexcept {
    static const OVERLAPPED marker{};
    return &marker;
}

// The system writes the operation's end into the program's OVERLAPPED. If the program uses that for another operation,
// the room is free only when that ends, too; if its memory is gone, so is the operation.
bool has_ended(const OVERLAPPED* overlapped) noexcept {
    constexpr ULONG_PTR status_pending = 0x103;
    ULONG_PTR status = 0;
    return !guarded_read(status, &overlapped->Internal) || status != status_pending;
}

}  // namespace

MergedControlData::Room* MergedControlData::take_room(const OVERLAPPED* overlapped) noexcept {
    Room* rooms = rooms_.load(std::memory_order_acquire);
    if (rooms == nullptr) {
        auto* const made = static_cast<Room*>(system::allocate_pages(room_count * sizeof(Room)));
        if (made == nullptr) return nullptr;
        if (rooms_.compare_exchange_strong(rooms, made, std::memory_order_acq_rel, std::memory_order_acquire)) {
            rooms = made;
        } else {
            system::free_pages(made);
        }
    }
    // Threads begin at different places.
    const std::size_t first = reinterpret_cast<std::uintptr_t>(overlapped) / alignof(OVERLAPPED);
    for (std::size_t i = 0; i < room_count; ++i) {
        Room& room = rooms[(first + i) % room_count];
        const OVERLAPPED* owner = room.owner.load(std::memory_order_acquire);
        if (owner == busy() || (owner != nullptr && !has_ended(owner))) continue;
        if (!room.owner.compare_exchange_strong(owner, busy(), std::memory_order_acq_rel)) continue;
        // Since it was looked at, another thread may have given the room to the same OVERLAPPED's next operation. An
        // owner is entered only when its operation is under way, so what it says now is of that one.
        if (owner == nullptr || has_ended(owner)) return &room;
        room.owner.store(owner, std::memory_order_release);
    }
    return nullptr;
}

MergedControlData::MergedControlData(const WSABUF& own, const WSABUF& ours, const OVERLAPPED* overlapped) noexcept
    : overlapped_(overlapped) {
    std::size_t end = 0;
    WSACMSGHDR header{};
    while (next_header(own, end, header)) {
    }
    // Padding may follow the last one, or be missing; what has room for a header and is none is malformed.
    const std::size_t length = std::min<std::size_t>(own.len, end);
    if (own.len - length >= sizeof(header) || end + ours.len > capacity) return;
    if (overlapped != nullptr) room_ = take_room(overlapped);
    if (overlapped != nullptr && room_ == nullptr) return;
    char* const bytes = room_ != nullptr ? room_->bytes : on_stack_;
    std::memset(bytes, 0, end);
    if (!guarded_copy(bytes, own.buf, length)) return;
    std::memcpy(bytes + end, ours.buf, ours.len);
    buffer_.buf = bytes;
    buffer_.len = static_cast<ULONG>(end + ours.len);
}

MergedControlData::~MergedControlData() {
    if (room_ != nullptr) room_->owner.store(pending_ ? overlapped_ : nullptr, std::memory_order_release);
}

}  // namespace lsp::provider
