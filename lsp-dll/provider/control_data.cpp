#include "control_data.hpp"

#include <atomic>
#include <cstring>

#include "../system/winsock_constants.hpp"
#include "guarded_copy.hpp"

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
    std::atomic<std::uint32_t> state;
    std::uint32_t interface_index;
    IpAddress source;
    WSABUF buffer;
    alignas(std::uint64_t) char bytes[sizeof(WSACMSGHDR) + sizeof(PacketInfo6) + 8];
};

// A list of pages that only grows: a process meets one or two pairs of source and interface, a roaming laptop's browser
// some dozens in its life.
struct Page {
    Entry entries[32];
    std::atomic<Page*> next;
};
Page first_page;

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

Page* next_page(Page& page) noexcept {
    Page* next = page.next.load(std::memory_order_acquire);
    if (next != nullptr) return next;
    void* const memory = VirtualAlloc(nullptr, sizeof(Page), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory == nullptr) return nullptr;
    auto* const made = static_cast<Page*>(memory);  // zeroed memory is an empty page
    if (page.next.compare_exchange_strong(next, made, std::memory_order_acq_rel)) return made;
    VirtualFree(memory, 0, MEM_RELEASE);
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

bool has_packet_info(const WSABUF& control) noexcept {
    if (!has_control_data(control)) return false;
    std::size_t offset = 0;
    WSACMSGHDR header{};
    while (offset + sizeof(header) <= control.len && guarded_read(header, control.buf + offset)) {
        if ((header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO) ||
            (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_PKTINFO)) {
            return true;
        }
        if (header.cmsg_len < sizeof(header) || header.cmsg_len > control.len - offset) return false;
        offset += WSA_CMSGHDR_ALIGN(header.cmsg_len);
    }
    return false;
}

}  // namespace lsp::provider
