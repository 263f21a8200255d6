// The hooked calls (design §5), each for a given chain. Arguments and results are those of the Winsock SPI function of
// the same name; none of them throws or allocates, and none waits but where a proxy is waited for (leading.cpp).
#pragma once

#include "../chain.hpp"

// On ia32 the chain travels in a register: all else is then where ws2_32 left it, and a chain's procedure
// (procedures.cpp) is a load and a jump. GCC takes a function's convention from its declaration here; MSVC knows this
// one for members only.
#if defined(__MINGW32__) && defined(__i386__)
#define LSP_HOOK __attribute__((thiscall))
#else
#define LSP_HOOK
#endif

namespace lsp::provider::hooks {

// lifetime.cpp
int LSP_HOOK cleanup(Chain&, LPINT error);
SOCKET LSP_HOOK socket(Chain&, int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP group, DWORD flags,
                       LPINT error);
SOCKET LSP_HOOK join_leaf(Chain&, SOCKET, const sockaddr* name, int name_length, LPWSABUF caller_data,
                          LPWSABUF callee_data, LPQOS socket_qos, LPQOS group_qos, DWORD flags, LPINT error);
int LSP_HOOK close_socket(Chain&, SOCKET, LPINT error);
int LSP_HOOK duplicate_socket(Chain&, SOCKET, DWORD process_id, LPWSAPROTOCOL_INFOW info, LPINT error);

// accept.cpp
SOCKET LSP_HOOK accept(Chain&, SOCKET, sockaddr* address, LPINT address_length, LPCONDITIONPROC condition,
                       DWORD_PTR data, LPINT error);
BOOL LSP_HOOK accept_ex(Chain&, SOCKET listener, SOCKET accepting, void* buffer, DWORD receive_length,
                        DWORD local_length, DWORD remote_length, LPDWORD received, LPOVERLAPPED);

// bind.cpp
int LSP_HOOK bind(Chain&, SOCKET, const sockaddr* name, int name_length, LPINT error);

// connect.cpp
int LSP_HOOK connect(Chain&, SOCKET, const sockaddr* name, int name_length, LPWSABUF caller_data, LPWSABUF callee_data,
                     LPQOS socket_qos, LPQOS group_qos, LPINT error);
BOOL LSP_HOOK connect_ex(Chain&, SOCKET, const sockaddr* name, int name_length, void* data, DWORD data_length,
                         LPDWORD sent, LPOVERLAPPED overlapped);

// datagram.cpp
int LSP_HOOK send_to(Chain&, SOCKET, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags,
                     const sockaddr* to, int to_length, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE,
                     LPWSATHREADID, LPINT error);
int LSP_HOOK send_msg(Chain&, SOCKET, LPWSAMSG message, DWORD flags, LPDWORD sent, LPWSAOVERLAPPED,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE);

// Called only for a socket that is unchecked (check.hpp).
int LSP_HOOK send(Chain&, SOCKET, LPWSABUF buffers, DWORD buffer_count, LPDWORD sent, DWORD flags, LPWSAOVERLAPPED,
                  LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT error);

// options.cpp
int LSP_HOOK get_option(Chain&, SOCKET, int level, int name, char* value, LPINT value_length, LPINT error);
int LSP_HOOK set_option(Chain&, SOCKET, int level, int name, const char* value, int value_length, LPINT error);
int LSP_HOOK ioctl(Chain&, SOCKET, DWORD code, void* in, DWORD in_length, void* out, DWORD out_length, LPDWORD returned,
                   LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT error);

// settling.cpp: calls before which a deferred socket is bound to the wildcard after all, so that the program sees
// exactly what it would see without us.
int LSP_HOOK listen(Chain&, SOCKET, int backlog, LPINT error);
int LSP_HOOK get_socket_name(Chain&, SOCKET, sockaddr* name, LPINT name_length, LPINT error);
int LSP_HOOK receive(Chain&, SOCKET, LPWSABUF buffers, DWORD buffer_count, LPDWORD received, LPDWORD flags,
                     LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE, LPWSATHREADID, LPINT error);
int LSP_HOOK receive_from(Chain&, SOCKET, LPWSABUF buffers, DWORD buffer_count, LPDWORD received, LPDWORD flags,
                          sockaddr* from, LPINT from_length, LPWSAOVERLAPPED, LPWSAOVERLAPPED_COMPLETION_ROUTINE,
                          LPWSATHREADID, LPINT error);
int LSP_HOOK receive_msg(Chain&, SOCKET, LPWSAMSG message, LPDWORD received, LPWSAOVERLAPPED,
                         LPWSAOVERLAPPED_COMPLETION_ROUTINE);
int LSP_HOOK select(Chain&, int count, fd_set* read, fd_set* write, fd_set* except, const timeval* timeout,
                    LPINT error);
int LSP_HOOK event_select(Chain&, SOCKET, WSAEVENT event, long events, LPINT error);
int LSP_HOOK async_select(Chain&, SOCKET, HWND window, unsigned message, long events, LPINT error);

// leading.cpp
int LSP_HOOK enum_network_events(Chain&, SOCKET, WSAEVENT event, LPWSANETWORKEVENTS events, LPINT error);
int LSP_HOOK get_peer_name(Chain&, SOCKET, sockaddr* name, LPINT name_length, LPINT error);
int LSP_HOOK shutdown(Chain&, SOCKET, int how, LPINT error);
BOOL LSP_HOOK disconnect_ex(Chain&, SOCKET, LPOVERLAPPED, DWORD flags, DWORD reserved);

// Of other hooks, what they do for streams that may be led. Where these are true, `result` is the call's.
bool select_among_led(Chain&, int count, fd_set* read, fd_set* write, fd_set* except, const timeval* timeout,
                      LPINT error, int& result) noexcept;
bool answer_led_option(SOCKET, int name, char* value, LPINT value_length, LPINT error, int& result) noexcept;
bool finish_led_connect(SOCKET, LPINT error, int& result) noexcept;  // SO_UPDATE_CONNECT_CONTEXT
int event_select_stream(Chain&, SOCKET, WSAEVENT event, long events, LPINT error) noexcept;
int async_select_stream(Chain&, SOCKET, HWND window, unsigned message, long events, LPINT error) noexcept;
// Before the program gets the handle that it polls behind our back.
void wait_before_polling(SOCKET) noexcept;
void wait_for_led(SOCKET) noexcept;

}  // namespace lsp::provider::hooks
