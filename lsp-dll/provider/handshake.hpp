// A TCP connection on its way to a proxy, on the program's own handle: the lower ConnectEx to the proxy, then the
// dialogue of core/socks5 by overlapped sends and receives of ours (design §11).
//
// Each has an OVERLAPPED whose event has its lowest bit set, so that the kernel queues nothing to the program's
// completion port. A program that waits in its call is the thread that carries the handshake on; for the others the
// system's pool waits for each operation. What the program is told in the end, and how, is leading.hpp's.
#pragma once

#include "../core/socks5.hpp"
#include "../system/credential.hpp"
#include "../system/proxy_owner.hpp"
#include "flow.hpp"
#include "notes.hpp"

namespace lsp::provider {

inline constexpr std::uint32_t dialogue_deadline_ms = 30'000;  // for all of the dialogue, once the proxy is reached

// The memory of a handshake is used again and never given back; it is free once the program's connection is concluded
// and the kernel is done with it.
struct Handshake {
    enum class Stage : std::uint8_t { connecting, connecting_directly, talking, sending_data, ended };

    std::atomic<bool> taken;
    std::atomic<bool> locked;  // by whoever carries it on, or takes the socket away from it
    HANDLE operation_ended;    // made once; manual reset
    HANDLE concluded;          // … set when the program is told

    Chain* chain;
    SOCKET socket;
    Note* note;  // null: the program has closed the socket, and its handle value may be another's
    Flow flow;
    system::TcpEndpoint proxy;
    char owner[185];  // Rule::owner
    system::StoredLogin login;

    Stage stage;
    bool connected;  // there is a connection to shut down
    bool pending;    // the kernel has `overlapped`
    bool in_call;    // the program's thread carries it on
    bool later;      // the program's call has come back, or is told of the end otherwise than by it
    bool has_dialogue;
    std::uint8_t aborted;
    int error;            // at the end; 0: connected
    std::uint32_t begun;  // system::milliseconds
    std::uint32_t dialogue_begun;
    HANDLE wait;
    OVERLAPPED overlapped;
    std::uint8_t incoming[2 + socks5::longest_credential];
    DWORD done;  // bytes of what is being sent
    alignas(socks5::Dialogue) unsigned char dialogue_place[sizeof(socks5::Dialogue)];

    // Of a program that called ConnectEx.
    OVERLAPPED* held_overlapped;  // its request, which the kernel completes when `held_by` is closed
    SOCKET held_by;
    const char* data;
    DWORD data_length;
};

// A free one, with its events; null if there is no memory.
Handshake* take_handshake() noexcept;
void give_back(Handshake& handshake) noexcept;

// Begins it, all of it but what stands under Stage being filled in. In a program's call that waits: it is over when
// this comes back, and the result is the error (0: connected). Else WSAEWOULDBLOCK: it goes on by itself; or the error
// with which it has ended at once. In neither case does the caller look at it again.
int begin(Handshake& handshake) noexcept;

// The program closes the socket of this note, or begins anew with it: nothing is done any more to that handle value.
void abandon_handshake(Note& note) noexcept;

// Waits for the end of the handshake that the note has, if any, `milliseconds` at most. True if there is none.
bool wait_for_handshake(Note& note, DWORD milliseconds) noexcept;

}  // namespace lsp::provider
