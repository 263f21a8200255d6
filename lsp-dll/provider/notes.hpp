// What a few sockets need beyond their two bytes of state: a note, found only where the state says that there is one
// (SocketState::noted). It goes at close, when the socket needs it no more, and when the handle value comes back from
// WSPSocket.
//
// A note's memory is used again and never given back (ItemPool in pages.hpp).
#pragma once

#include "chain.hpp"
#include "endpoint.hpp"

namespace lsp::provider {

struct Handshake;

// Of a connection that a rule leads to a proxy (leading.hpp).
enum class Leading : std::uint8_t { no, under_way, led, failed };

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

    std::atomic<Leading> leading;
    std::atomic<bool> untold;           // with Leading::failed: nobody has asked for the error yet
    std::atomic<bool> connect_untold;   // with both ends: FD_CONNECT is to be told of
    std::atomic<bool> unfinished;       // of ConnectEx: the program has not said SO_UPDATE_CONNECT_CONTEXT yet
    std::atomic<int> failure;           // with Leading::failed: the Winsock error
    std::atomic<Handshake*> handshake;  // while it is under way
    Endpoint destination;               // the program's; written before `leading` is set

    // What a program that is led wants to be told of: by an event (WSAEventSelect) or by a window's message
    // (WSAAsyncSelect); null: by neither.
    std::atomic<WSAEVENT> event;
    std::atomic<HWND> window;
    std::atomic<unsigned> message;
    std::atomic<long> events;

    // Whether it is for more than a port that is reserved or a timer.
    bool is_kept() const noexcept { return leading.load() != Leading::no || event.load() || window.load(); }
};

// The socket's note, made if it has none yet; null without memory, or if the socket's state has just been changed by
// another thread. `state` follows.
Note* make_note(Chain& chain, SOCKET s, SocketState& state) noexcept;
// Null if it has none.
Note* find_note(SOCKET s, const SocketState& state) noexcept;
// The helper socket that it holds is closed.
void drop_reservation(Note& note) noexcept;
// With what it holds. Harmless if there is none. The state's `noted` is the caller's to take back.
void drop_note(SOCKET s) noexcept;

// For the timer alone, of a note that was dropped while it ran: its memory can be used again.
void give_back(Note& note) noexcept;

// Forgets what we know of the handle value, and its note.
void forget_socket(SOCKET s) noexcept;
// Begins anew with a handle value that the lower provider has just given.
void remember_socket(SOCKET s, SocketState state) noexcept;

}  // namespace lsp::provider
