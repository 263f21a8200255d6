// One protocol chain of the catalog as this process runs it: who is below, and what ws2_32 calls it.
#pragma once

#include <winsock2.h>
#include <ws2spi.h>
// Below winsock2.h
#include <mswsock.h>

#include <atomic>
#include <cstddef>

#include "../core/socket_table.hpp"

namespace lsp::provider {

// Of the Winsock constants.
inline SocketType socket_type(int type) noexcept {
    switch (type) {
        case SOCK_STREAM: return SocketType::stream;
        case SOCK_DGRAM: return SocketType::datagram;
        case SOCK_RAW: return SocketType::raw;
        default: return SocketType::other;
    }
}

inline Family address_family(int family) noexcept {
    return family == AF_INET ? Family::ipv4 : family == AF_INET6 ? Family::ipv6 : Family::none;
}

struct Chain {
    WSPPROC_TABLE lower{};
    // Our chain entry as WSPStartup was given it last. An installation again gives the same chain another id and GUID,
    // while other threads read: the new one is written beside the old, and few are never read at the same time.
    WSAPROTOCOL_INFOW infos[4]{};
    std::atomic<unsigned> newest_info{0};
    const WSAPROTOCOL_INFOW& info() const noexcept { return infos[newest_info.load(std::memory_order_acquire)]; }
    void set_info(const WSAPROTOCOL_INFOW& entry) noexcept {
        const unsigned next = (newest_info.load(std::memory_order_relaxed) + 1) % 4;
        infos[next] = entry;
        newest_info.store(next, std::memory_order_release);
    }

    WSAPROTOCOL_INFOW lower_info{};  // what the lower WSPSocket expects
    WSPUPCALLTABLE upcalls{};
    SocketType type = SocketType::other;
    Family family = Family::none;

    // The lower provider's extension functions, once somebody asked for them.
    std::atomic<LPFN_CONNECTEX> lower_connect_ex{nullptr};
    std::atomic<LPFN_ACCEPTEX> lower_accept_ex{nullptr};
    std::atomic<LPFN_WSASENDMSG> lower_send_msg{nullptr};
    std::atomic<LPFN_WSARECVMSG> lower_recv_msg{nullptr};
    std::atomic<LPFN_DISCONNECTEX> lower_disconnect_ex{nullptr};
    std::atomic<bool> lower_lacks_send_msg{false};
};

// The Winsock SPI has no context argument, so each chain needs procedures of its own: a slot is one instance of the
// procedure template. Six chains are usual (TCP, UDP, RAW over IPv4 and IPv6); other LSPs below multiply them.
inline constexpr std::size_t chain_capacity = 12;
extern Chain chains[chain_capacity];

// The chain that this process has started for such sockets; null if there is none.
Chain* started_chain(SocketType type, Family family) noexcept;

// The program used sockets before we were in its catalog, so it may hold extension functions of the lower provider,
// which Go keeps for its life. They know nothing of a bind that waits with us, and fail.
extern std::atomic<bool> began_without_us;

// What we know of every socket of this process, whatever chain it belongs to.
extern SocketTable sockets;

}  // namespace lsp::provider
