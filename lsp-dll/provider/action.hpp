// Carrying out a decision. What a verdict does is a row of the table in action.cpp; a new action is one more row.
#pragma once

#include "flow.hpp"
#include "socket_state.hpp"
#include "telemetry.hpp"

namespace lsp::provider {

// The error that a program gets where a rule says refuse: what a firewall's block would give.
inline constexpr int refused_error = WSAEACCES;

// A datagram as WSPSendTo and WSASendMsg describe it.
struct Datagram {
    WSABUF* buffers;
    DWORD buffer_count;
    WSABUF control;  // the program's own control data; empty with WSPSendTo
    DWORD flags;
    DWORD message_flags;  // WSAMSG::dwFlags, which Windows ignores on input: handed on as it is
    const sockaddr* to;
    int to_length;
    LPDWORD sent;
    LPWSAOVERLAPPED overlapped;
    LPWSAOVERLAPPED_COMPLETION_ROUTINE completion;
};

// Where a program's call goes on.
enum class Next {
    lower_call,  // the call as the program made it
    done,        // nowhere: it has been made in another form, or is answered with an error
};

// For what the program chose itself (Flow::own_choice). 0: the program's call goes on unchanged; else the error to give
// it.
int judge(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Choice& chosen) noexcept;

// For a socket before it connects (WSPConnect, ConnectEx). 0: go on with the lower call; else the error to give the
// program.
int prepare(Chain& chain, SOCKET s, SocketState& state, Flow& flow) noexcept;

// For one datagram of a socket that stays bound to the wildcard and serves other destinations too. With Next::done
// `error` is the call's, 0 if it was sent.
Next send_datagram(Chain& chain, SOCKET s, SocketState& state, Flow& flow, const Datagram& datagram,
                   int& error) noexcept;

}  // namespace lsp::provider
