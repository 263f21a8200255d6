#include <cstddef>
#include <cstring>

#include "../../system/winsock_constants.hpp"
#include "../check.hpp"
#include "../deferred.hpp"
#include "../entry.hpp"
#include "../guarded_copy.hpp"
#include "../procedures.hpp"
#include "../socket_state.hpp"
#include "hooks.hpp"

namespace lsp::provider::hooks {

namespace {

// Of the lower provider's answer the name alone is text in either form; the rest has one layout.
constexpr std::size_t info_name_offset = offsetof(WSAPROTOCOL_INFOW, szProtocol);
static_assert(info_name_offset == offsetof(WSAPROTOCOL_INFOA, szProtocol));

// Whether the lower provider's answer, in either form, is for a socket of the chain's kind.
bool is_of_chain(const WSAPROTOCOL_INFOW& info, const char* value) noexcept {
    int family = 0;
    int type = 0;
    int protocol = 0;
    return guarded_read(family, value + offsetof(WSAPROTOCOL_INFOW, iAddressFamily)) &&
           guarded_read(type, value + offsetof(WSAPROTOCOL_INFOW, iSocketType)) &&
           guarded_read(protocol, value + offsetof(WSAPROTOCOL_INFOW, iProtocol)) && family == info.iAddressFamily &&
           type == info.iSocketType && protocol >= info.iProtocol &&
           protocol - info.iProtocol <= info.iProtocolMaxOffset;
}

// libuv then looks for the base provider's id and a chain of one, and finding them receives datagrams behind our back:
// a datagram socket whose bind is put off would never get one.
int answer_protocol_info(Chain& chain, SOCKET s, SocketState& state, char* value) noexcept {
    if (state.type == SocketType::datagram) {
        mark_binds_at_once(s);
        if (const int failed = settle(chain, s, state); failed != 0) return failed;
    }
    // What is given back to WSASocket shall come to us again; ws2_32 goes by this alone.
    const DWORD id = chain.info().dwCatalogEntryId;
    return guarded_write(value + offsetof(WSAPROTOCOL_INFOW, dwCatalogEntryId), id) ? 0 : WSAEFAULT;
}

bool write_protocol_info(const WSAPROTOCOL_INFOW& info, bool wide, char* value) noexcept {
    if (wide) return guarded_write(value, info);
    WSAPROTOCOL_INFOA narrow{};
    std::memcpy(&narrow, &info, info_name_offset);
    WideCharToMultiByte(CP_ACP, 0, info.szProtocol, -1, narrow.szProtocol, sizeof(narrow.szProtocol) - 1, nullptr,
                        nullptr);
    return guarded_write(value, narrow);
}

// Options by which a program chooses the source itself. They have the same names at both levels.
static_assert(IP_UNICAST_IF == IPV6_UNICAST_IF && IP_HDRINCL == IPV6_HDRINCL);
bool chooses_source(int level, int name) {
    return (level == IPPROTO_IP || level == IPPROTO_IPV6) && (name == IP_UNICAST_IF || name == IP_HDRINCL);
}

// Whether the value that was just set is another than zero. A program may give a boolean in less than a DWORD.
bool is_nonzero(const char* value, int length) noexcept {
    DWORD whole = 0;
    if (length >= static_cast<int>(sizeof(whole))) return guarded_read(whole, value) && whole != 0;
    char byte = 0;
    return guarded_read(byte, value) && byte != 0;
}

// Options that the lower provider treats differently once a socket is bound: memberships need the binding, the sharing
// options are refused after it.
bool needs_binding(int level, int name) {
    switch (level) {
        case SOL_SOCKET:
            return name == SO_REUSEADDR || name == SO_EXCLUSIVEADDRUSE ||
                   (name >= SO_RANDOMIZE_PORT && name <= SO_REUSE_UNICASTPORT);
        case IPPROTO_IP:
            return name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP || name == IP_ADD_SOURCE_MEMBERSHIP ||
                   name == IP_DROP_SOURCE_MEMBERSHIP || name == IP_BLOCK_SOURCE || name == IP_UNBLOCK_SOURCE ||
                   (name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP);
        case IPPROTO_IPV6:
            return name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP || name == IPV6_V6ONLY ||
                   name == IPV6_PROTECTION_LEVEL || (name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP);
        default: return false;
    }
}

}  // namespace

int get_option(Chain& chain, SOCKET s, int level, int name, char* value, LPINT value_length, LPINT error) {
    if (level != SOL_SOCKET) return chain.lower.lpWSPGetSockOpt(s, level, name, value, value_length, error);
    if (name == SO_BSP_STATE) {  // it tells the local address
        if (const int failed = settle(chain, s); failed != 0) {
            *error = failed;
            return SOCKET_ERROR;
        }
    }
    int result = 0;
    if (answer_led_option(s, name, value, value_length, error, result)) return result;
    result = chain.lower.lpWSPGetSockOpt(s, level, name, value, value_length, error);
    if (name == SO_ERROR && result == 0) {
        SocketState state = sockets.get(s);
        const DWORD refused = static_cast<DWORD>(check(chain, s, state));
        if (refused != 0) guarded_write(value, refused);
        return 0;
    }
    const bool wide = name == SO_PROTOCOL_INFOW;
    if (result != 0 || (!wide && name != SO_PROTOCOL_INFOA)) return result;
    SocketState state = sockets.get(s);
    int failed = 0;
    if (state.kind != SocketKind::unknown) {
        failed = answer_protocol_info(chain, s, state, value);
    } else if (!is_of_chain(chain.info(), value)) {
        // Of a handle that it does not know, an inherited one, ws2_32 asks chain after chain so, and gives it to the
        // first that answers. The base provider answers for all its sockets.
        failed = WSAENOTSOCK;
    } else if (!write_protocol_info(chain.info(), wide, value)) {
        failed = WSAEFAULT;
    }
    if (failed == 0) return 0;
    *error = failed;
    return SOCKET_ERROR;
}

int set_option(Chain& chain, SOCKET s, int level, int name, const char* value, int value_length, LPINT error) {
    if (needs_binding(level, name)) {
        if (const int failed = settle(chain, s); failed != 0) {
            *error = failed;
            return SOCKET_ERROR;
        }
    }
    int result = 0;
    if (level == SOL_SOCKET && name == SO_UPDATE_CONNECT_CONTEXT && finish_led_connect(s, error, result)) return result;
    result = chain.lower.lpWSPSetSockOpt(s, level, name, value, value_length, error);
    const bool entered = level == SOL_SOCKET && name == SO_UPDATE_ACCEPT_CONTEXT;
    if (result == 0 && (entered || (level == SOL_SOCKET && name == SO_UPDATE_CONNECT_CONTEXT))) {
        SocketState state = sockets.get(s);
        if (const int refused = entered ? check_entry(chain, s, state) : check(chain, s, state); refused != 0) {
            *error = refused;
            return SOCKET_ERROR;
        }
    }
    if (result == 0 && chooses_source(level, name)) {
        const bool chosen = is_nonzero(value, value_length);
        update_state(s, [name, chosen](SocketState& now) {
            if (name == IP_UNICAST_IF) {
                now.interface_chosen = chosen;
                now.pinned = false;
            } else if (now.type == SocketType::raw) {
                now.header_included = chosen;
            }
        });
    }
    return result;
}

int ioctl(Chain& chain, SOCKET s, DWORD code, void* in, DWORD in_length, void* out, DWORD out_length, LPDWORD returned,
          LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE completion, LPWSATHREADID thread,
          LPINT error) {
    switch (code) {
        case SIO_BASE_HANDLE:
        case SIO_BSP_HANDLE:
        case SIO_BSP_HANDLE_SELECT:
        case SIO_BSP_HANDLE_POLL: {
            // The program is about to poll behind our back. A stream has nothing to poll for before it is connected.
            SocketState state = sockets.get(s);
            wait_before_polling(s);
            if (state.type != SocketType::datagram) break;
            if (const int failed = settle_soon(chain, s, state); failed != 0) {
                *error = failed;
                return SOCKET_ERROR;
            }
            break;
        }
        default: break;
    }
    // The answer may come to where the question is.
    GUID id;
    const bool asks_extension = code == SIO_GET_EXTENSION_FUNCTION_POINTER && guarded_read(id, in);
    u_long nonblocking = 0;
    const bool changes_blocking = code == static_cast<DWORD>(FIONBIO) && guarded_read(nonblocking, in);
    const int result = chain.lower.lpWSPIoctl(s, code, in, in_length, out, out_length, returned, overlapped, completion,
                                              thread, error);
    if (changes_blocking && result == 0) mark_nonblocking(s, nonblocking != 0);
    if (asks_extension && result == 0) replace_extension(chain, id, out);
    return result;
}

}  // namespace lsp::provider::hooks
