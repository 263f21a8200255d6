// What a few sockets need beyond their two bytes of state: a note, found only where the state says that there is one
// (SocketState::noted). It goes at close, when the socket needs it no more, and when the handle value comes back from
// WSPSocket.
//
// A note's memory is used again and never given back, so that a thread which still looks at the note of a socket that
// another thread has just closed reads a stale value at worst.
#pragma once

#include "chain.hpp"

namespace lsp::provider {

struct Note {
    std::atomic<bool> taken;
    std::atomic<SOCKET> socket;  // 0: the note was dropped
    std::atomic<Chain*> chain;   // the socket's

    // A helper socket that is bound to the port which the program was told of its deferred socket, so that nobody else
    // gets that port before the socket itself is bound; 0: none. `port` stays when the helper has gone.
    std::atomic<SOCKET> reservation;
    std::atomic<std::uint16_t> port;

    // Of a socket that an AcceptEx was given: the socket that listens.
    std::atomic<SOCKET> listener;

    // Set while the system's timer is to settle the socket: see settle_soon.
    std::atomic<bool> timed;
    std::atomic<HANDLE> timer;
};

// The socket's note, made if it has none yet; null without memory, or if the socket's state has just been changed by
// another thread. `state` follows.
Note* make_note(Chain& chain, SOCKET s, SocketState& state) noexcept;
// Null if it has none.
Note* find_note(SOCKET s, const SocketState& state) noexcept;
// With what it holds. Harmless if there is none. The state's `noted` is the caller's to take back.
void drop_note(SOCKET s) noexcept;

// For the timer alone, of a note that was dropped while it ran: its memory can be used again.
void give_back(Note& note) noexcept;

// Forgets what we know of the handle value, and its note.
void forget_socket(SOCKET s) noexcept;
// Begins anew with a handle value that the lower provider has just given.
void remember_socket(SOCKET s, SocketState state) noexcept;

}  // namespace lsp::provider
