// Connections that a rule leads to a proxy, as the program sees them: a connect to its destination, in whatever way it
// waits. What the handshake itself consists of is in handshake.hpp; the calls that ask are in hooks/leading.cpp.
#pragma once

#include "flow.hpp"
#include "notes.hpp"

namespace lsp::provider {

// Before the connect: whether the rule's proxy can be used, and all that a handshake needs. With 0 the caller goes on
// with connect_led or connect_ex_led if Flow::lead is set, else with the lower call; otherwise it is the error to give.
int prepare_to_lead(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;

// In the place of the lower connect. 0 or the error.
int connect_led(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;
// In the place of the lower ConnectEx. WSA_IO_PENDING or another error.
int connect_ex_led(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const void* data, DWORD data_length,
                   OVERLAPPED* overlapped) noexcept;

// Instead of either, with an error that is given on.
int give_up_lead(Flow& flow, int error) noexcept;

// For a socket that is connected by us already, or is about to be: the error of a second connect. 0: it is none of
// those.
int error_of_second_connect(Chain& chain, SOCKET s, SocketState& state) noexcept;

// The connection has been made, or has failed. `later`: the call that began it came back long ago.
void tell_program(Note& note, int error, bool later) noexcept;

// Asks below for what the note's program wants to be told of, but for FD_CONNECT, which the lower provider would tell
// of the connection to the proxy, if at all: that is told of here. For a connection whose handshake has ended. 0 or the
// error of the lower provider.
int register_below(Chain& chain, SOCKET s, Note& note) noexcept;

// The note of a stream that is led, or was; null for any other socket.
inline Note* find_led(SOCKET s, const SocketState& state) noexcept {
    if (!state.noted || state.type != SocketType::stream) return nullptr;
    Note* const note = find_note(s, state);
    return note != nullptr && note->leading.load(std::memory_order_acquire) != Leading::no ? note : nullptr;
}

}  // namespace lsp::provider
